// A server that is as cheap as Node allows, in a process of its own: it takes every read for one request and answers
// with bytes made beforehand. `GET /s` gets 600 bytes, anything else 10 MiB. Prints its port; ends with its stdin.
import { createServer } from "node:net";

export const smallBodyBytes = 600;
export const blobBytes = 10 * 1024 * 1024;

const answer = (bodyBytes: number): Buffer =>
  Buffer.concat([
    Buffer.from(
      `HTTP/1.1 200 OK\r\nContent-Type: application/vnd.oci.image.manifest.v1+json\r\nDocker-Distribution-Api-Version: registry/2.0\r\nDate: Mon, 23 Nov 2026 00:00:00 GMT\r\nContent-Length: ${bodyBytes}\r\n\r\n`,
    ),
    Buffer.alloc(bodyBytes, "x"),
  ]);

function serve(): void {
  const small = answer(smallBodyBytes);
  const blob = answer(blobBytes);
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("data", (request) => socket.write(request[5] === 0x73 ? small : blob));
    socket.on("error", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    if (address !== null && typeof address === "object") console.log(address.port);
  });
  process.stdin.on("end", () => process.exit()).resume();
}

if (import.meta.main) serve();
