// A registry that keeps nothing, in a process of its own: HEAD finds nothing, GET says 200, POST opens an upload, PUT takes a body and
// throws it away. Prints its port; for every line of its stdin it prints how many bodies and how many bytes of them it has
// taken; ends with its stdin.
import { createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";

const HEAD_END = "\r\n\r\n";
const reply = (status: string, fields = ""): Buffer =>
  Buffer.from(`HTTP/1.1 ${status}\r\n${fields}Content-Length: 0\r\n\r\n`);
const missing = reply("404 Not Found");
const opened = reply("202 Accepted", "Location: /v2/test_repo/blobs/uploads/one?state=1\r\n");
const fine = reply("200 OK");
const created = reply("201 Created");

const taken = { bodies: 0, bytes: 0 };

/** One connection: requests follow one another, each begins with a piece of its own. */
function attend(socket: Socket): void {
  let left = 0;
  const takeBody = (bytes: number): void => {
    taken.bytes += bytes;
    left -= bytes;
    if (left > 0) return;
    taken.bodies++;
    socket.write(created);
  };
  socket.on("data", (piece) => {
    if (left > 0) {
      takeBody(piece.length);
      return;
    }
    const end = piece.indexOf(HEAD_END) + HEAD_END.length;
    const head = piece.toString("latin1", 0, end);
    if (head.startsWith("HEAD")) socket.write(missing);
    else if (head.startsWith("POST")) socket.write(opened);
    else if (head.startsWith("GET")) socket.write(fine);
    else {
      left = Number(/Content-Length: (\d+)/i.exec(head)?.[1]);
      takeBody(piece.length - end);
    }
  });
  socket.on("error", () => socket.destroy());
}

const server = createServer({ noDelay: true }, attend);
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(address.port);
});
createInterface(process.stdin)
  .on("line", () => console.log(`${taken.bodies} ${taken.bytes}`))
  .on("close", () => process.exit());
