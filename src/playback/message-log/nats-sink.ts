import type { NatsConnection } from "@nats-io/nats-core";
import { connectTo, natsAddress } from "../nats/nats-address.ts";
import type { MessageSink } from "./message-sink.ts";
import { payloadJson } from "./payload.ts";
import type { OutgoingItem } from "./queued-item.ts";
import { SUBJECT_DEFAULT, subjectTemplate } from "./subject-template.ts";

/** What a message's body is: the recorded bytes unchanged, or the payload as JSON text. */
export const bodyForms = ["msgpack", "json"] as const;
type BodyForm = (typeof bodyForms)[number];

export type NatsSinkOptions = {
  /** `nats://[user:password@|token@]host[:port]`; several with commas. */
  readonly url: string;
  /** With `{type}` and `{topic}`; default `{type}.{topic}`. */
  readonly subject?: string;
  readonly body?: BodyForm;
};

/** Bytes that may be under way before the server has said that it has them. */
const UNCONFIRMED_BYTES_MAX = 1024 * 1024;

/**
 * Publishes each message. Throws a TypeError for what is no address or gives no subject. `open` rejects with a DrayageError `target-unreachable` or `auth-failed`; a connection that is lost
 * later is taken up again for ever, and the replay waits.
 */
export function nats({
  url,
  subject = SUBJECT_DEFAULT,
  body = "msgpack",
}: NatsSinkOptions): MessageSink {
  const subjectOf = subjectTemplate(subject);
  const address = natsAddress(url);
  let connection: NatsConnection | undefined;
  let unconfirmed = 0;
  return {
    async open() {
      connection ??= await connectTo(url, {
        name: "drayage replay-log",
        doing: "cannot publish to",
        address,
      });
    },
    send(item) {
      const bytes = bodyOf(item, body);
      connection?.publish(subjectOf(item), bytes);
      unconfirmed += bytes.length;
      if (unconfirmed < UNCONFIRMED_BYTES_MAX) return;
      unconfirmed = 0;
      return connection?.flush();
    },
    async close() {
      const open = connection;
      connection = undefined;
      await open?.drain();
    },
  };
}

const bodyOf = (item: OutgoingItem, form: BodyForm): Uint8Array =>
  form === "json" ? Buffer.from(payloadJson(item.payload)) : item.bytes;
