// A server that notes when each GET arrives, in a process of its own: the monotonic clock of the system is read as the bytes
// are handed over, before anything is done with them. Prints its port; for every line of its stdin it prints the instants of
// all arrivals since the last one, nanoseconds on that clock, and forgets them; ends with its stdin.
//
// It sleeps between requests, so each stamp is late by the time that the system takes to wake it. A constant part of that
// does no harm, since deviations are taken from the earliest; the rest is its noise, which perf/arrivals.bench.ts measures.
import { createServer } from "node:net";
import { createInterface } from "node:readline";

/** Some minutes at 1,000 requests/s. */
const ARRIVALS_MAX = 1 << 20;
const LETTER_G = 0x47;
const BODY_BYTES = 600;
const END = "\r\n\r\n";

function serve(): void {
  const arrivals = new Float64Array(ARRIVALS_MAX);
  let count = 0;
  const answer = Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Length: ${BODY_BYTES}\r\n\r\n${"x".repeat(BODY_BYTES)}`,
  );
  // Any other method is the question whether somebody is there.
  const empty = Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("data", (request) => {
      const at = Number(process.hrtime.bigint());
      if (request[0] !== LETTER_G) {
        socket.write(request.includes("HEAD ") ? empty : answer);
        return;
      }
      // Several in one read, from a sender that does not wait for answers: they have been lying there together.
      for (let end = request.indexOf(END); end >= 0; end = request.indexOf(END, end + 1)) {
        if (count < ARRIVALS_MAX) arrivals[count++] = at;
        socket.write(answer);
      }
    });
    socket.on("error", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    if (address !== null && typeof address === "object") console.log(address.port);
  });
  createInterface(process.stdin)
    .on("line", () => {
      console.log(arrivals.subarray(0, count).join(" "));
      count = 0;
    })
    .on("close", () => process.exit());
}

if (import.meta.main) serve();
