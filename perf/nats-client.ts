// Publishes numbered messages to a NATS server at a steady rate, in a process of its own, over a plain socket: a client library would
// take the processor from whom is measured.
//
//   node nats-client.ts PORT MESSAGES RATE BYTES SUBJECTS
//
// Message n goes to bench.<n % SUBJECTS> and begins with its number. Prints, once the server has taken all, the seconds from the first
// to the last of them and the most by which a piece was late, in ms.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** Pieces of so many milliseconds' messages. */
const PIECE_MS = 2;

const [port = 0, messages = 0, rate = 0, bytes = 0, subjects = 1] = process.argv
  .slice(2)
  .map(Number);

/** Text that no codec makes much shorter; each message has another part of it. */
const filling = randomBytes(64 * 1024).toString("base64");

function piece(from: number, until: number): string {
  let text = "";
  for (let number = from; number < until; number++) {
    const from = (number * 131) % (filling.length - bytes);
    const body = `${number} ${filling.slice(from, from + bytes)}`.slice(0, bytes);
    text += `PUB bench.${number % subjects} ${bytes}\r\n${body}\r\n`;
  }
  return text;
}

async function publish(socket: Socket): Promise<string> {
  const begun = performance.now();
  let latest = 0;
  for (let sent = 0; sent < messages; ) {
    const due = Math.min(messages, Math.floor(((performance.now() - begun) / 1000) * rate));
    if (due > sent) {
      latest = Math.max(latest, ((due - sent) / rate) * 1000 - PIECE_MS);
      if (!socket.write(piece(sent, due))) await once(socket, "drain");
      sent = due;
    }
    await pause(PIECE_MS);
  }
  const seconds = (performance.now() - begun) / 1000;
  socket.write("PING\r\n");
  for await (const text of socket) if (String(text).includes("PONG")) break;
  return `${seconds} ${latest}`;
}

const socket = connect(port, "127.0.0.1");
// What the server says of itself, before it takes anything.
await once(socket, "data");
socket.write('CONNECT {"verbose":false,"pedantic":false}\r\n');
console.log(await publish(socket));
socket.destroy();
