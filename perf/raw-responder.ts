// A server that is as cheap as Node allows, in a process of its own: it takes every read for one request and answers
// with bytes made beforehand. `GET /s…` and `GET /v2/…` get 600 bytes, anything else 10 MiB. Prints its port; for every
// line of its stdin it prints how many requests it has seen; ends with its stdin.
import { createServer } from "node:net";
import { createInterface } from "node:readline";

export const smallBodyBytes = 600;
export const blobBytes = 10 * 1024 * 1024;
export const bodyOf = (bytes: number): Buffer => Buffer.alloc(bytes, "x");

const LETTER_S = 0x73;
const LETTER_V = 0x76;

const answer = (bodyBytes: number): Buffer =>
  Buffer.concat([
    Buffer.from(
      `HTTP/1.1 200 OK\r\nContent-Type: application/vnd.oci.image.manifest.v1+json\r\nDocker-Distribution-Api-Version: registry/2.0\r\nDate: Mon, 23 Nov 2026 00:00:00 GMT\r\nContent-Length: ${bodyBytes}\r\n\r\n`,
    ),
    bodyOf(bodyBytes),
  ]);

function serve(): void {
  const small = answer(smallBodyBytes);
  const blob = answer(blobBytes);
  let requests = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("data", (request) => {
      requests++;
      const letter = request[5];
      socket.write(letter === LETTER_S || letter === LETTER_V ? small : blob);
    });
    socket.on("error", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    if (address !== null && typeof address === "object") console.log(address.port);
  });
  createInterface(process.stdin)
    .on("line", () => console.log(requests))
    .on("close", () => process.exit());
}

if (import.meta.main) serve();
