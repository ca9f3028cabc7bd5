// A server in a process of its own that answers an upload in its middle and hangs up with bytes unread, which resets the
// connection: the rudest early answer there is. Prints its port; ends with its stdin.
import { createServer } from "node:net";

const answer = "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 4\r\n\r\nfull";
const READ_BEFORE_ANSWER = 1_000_000;

const server = createServer((socket) => {
  let read = 0;
  socket.on("data", (data) => {
    const before = read;
    read += data.length;
    if (before <= READ_BEFORE_ANSWER && read > READ_BEFORE_ANSWER)
      socket.write(answer, () => socket.destroy());
  });
  socket.on("error", () => socket.destroy());
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") console.log(address.port);
});
process.stdin.on("end", () => process.exit()).resume();
