// The best schedule that a JavaScript thread can keep, for scale: it looks at the clock without a pause until the next request
// is due, writes it, and lets the event loop turn once for answers. It burns a core, and nothing can be measured with it but
// this. Arguments: port, requests per second, seconds, connections. Prints, as JSON, when it sent what and how late it was.
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** What is printed: instants on the system's monotonic clock and lateness, nanoseconds, in order of sending. */
export type SpinnerSays = { readonly sent: readonly number[]; readonly late: readonly number[] };

const START_AHEAD_NS = 50e6;
const now = (): number => Number(process.hrtime.bigint());

async function open(port: number, connections: number): Promise<Socket[]> {
  const sockets = Array.from({ length: connections }, () =>
    connect({ port, host: "127.0.0.1", noDelay: true }).resume(),
  );
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  return sockets;
}

async function send(): Promise<void> {
  const [port = 0, rate = 0, seconds = 0, connections = 0] = process.argv.slice(2).map(Number);
  const sockets = await open(port, connections);
  const request = Buffer.from(`GET /small HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  const sent = new Float64Array(rate * seconds);
  const late = new Float64Array(rate * seconds);
  const gap = 1e9 / rate;
  const start = now() + START_AHEAD_NS;
  for (let index = 0; index < sent.length; index++) {
    const due = start + index * gap;
    let at = now();
    while (at < due) at = now();
    sent[index] = at;
    late[index] = at - due;
    sockets[index % connections]?.write(request);
    await new Promise((resolve) => setImmediate(resolve));
  }
  console.log(JSON.stringify({ sent: [...sent], late: [...late] } satisfies SpinnerSays));
  setTimeout(() => process.exit(), 100);
}

if (import.meta.main) await send();
