// What calibration sends its requests to: a process of its own, as cheap as Node.js allows. It is handed connections, takes
// every read for one request (a small GET on a connection with one request at a time comes in one piece) and answers with
// bytes made beforehand. `GET /b…` gets a large body, anything else a small one. Ends with its parent.
import type { Socket } from "node:net";
import {
  LARGE_BODY_BYTES,
  type ResponderAnswer,
  SMALL_BODY_BYTES,
  type ToResponder,
} from "./responder-messages.ts";

const LETTER_B = 0x62;
/** Place of the path's first letter in `GET /b`. */
const LETTER_AT = 5;

const answer = (bodyBytes: number): Buffer =>
  Buffer.concat([
    Buffer.from(
      `HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${bodyBytes}\r\n\r\n`,
    ),
    Buffer.alloc(bodyBytes, "x"),
  ]);

const small = answer(SMALL_BODY_BYTES);
const large = answer(LARGE_BODY_BYTES);

function attend(socket: Socket): void {
  socket.setNoDelay(true);
  socket.on("data", (request) => {
    socket.write(request[LETTER_AT] === LETTER_B ? large : small);
  });
  socket.on("error", () => socket.destroy());
  // It was accepted paused, so that its first bytes come here.
  socket.resume();
}

const say = (message: ResponderAnswer): void => void process.send?.(message);

process.on("message", (message: ToResponder, socket?: Socket) => {
  if (socket !== undefined) attend(socket);
  if (message === "connection") return;
  const { user, system } = process.cpuUsage();
  say({ kind: "usage", cpuSeconds: (user + system) / 1e6 });
});
// An interrupt from the terminal goes to all its processes; the parent decides what becomes of this one.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit());
say({ kind: "ready" });
