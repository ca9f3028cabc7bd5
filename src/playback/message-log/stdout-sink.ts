import { once } from "node:events";
import type { MessageSink } from "./message-sink.ts";
import { payloadJson } from "./payload.ts";
import type { OutgoingItem } from "./queued-item.ts";

/** One JSON line per message on standard output, or on another stream; waits while nobody reads. */
export function stdout(stream: NodeJS.WritableStream = process.stdout): MessageSink {
  return {
    async open() {},
    send(item) {
      if (stream.write(jsonLine(item))) return;
      return once(stream, "drain").then(() => {});
    },
    async close() {},
  };
}

/** `elapsed_time`, `type` (absent in raw logs), `topic`, `payload`, in this order. */
function jsonLine({ elapsed_time, type, topic, payload }: OutgoingItem): string {
  const head = JSON.stringify({ elapsed_time, type, topic });
  return `${head.slice(0, -1)},"payload":${payloadJson(payload)}}\n`;
}
