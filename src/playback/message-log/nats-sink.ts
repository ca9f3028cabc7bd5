import { connect, type NatsConnection } from "@nats-io/transport-node";
import { DrayageError, messageOf } from "../../core/errors.ts";
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
const CONNECT_MS_MAX = 5000;

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
  const address = addressOf(url);
  let connection: NatsConnection | undefined;
  let unconfirmed = 0;
  return {
    async open() {
      connection ??= await connected(url, address);
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

async function connected(url: string, address: Address): Promise<NatsConnection> {
  try {
    return await connect({
      ...address,
      name: "drayage replay-log",
      timeout: CONNECT_MS_MAX,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
    });
  } catch (error) {
    const sentence = messageOf(error);
    const code = /auth/i.test(sentence) ? "auth-failed" : "target-unreachable";
    throw new DrayageError(code, `cannot publish to ${withoutSecret(url)}: ${sentence}`, {
      cause: error,
    });
  }
}

type Address = {
  readonly servers: string[];
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
};

/** Credentials of the first server are those of all. */
function addressOf(url: string): Address {
  const servers = url.split(",").map(serverOf);
  const [{ username = "", password = "" } = {}] = servers;
  const list = servers.map((server) => `${server.protocol}//${server.host}`);
  if (username === "") return { servers: list };
  if (password === "") return { servers: list, token: decodeURIComponent(username) };
  return {
    servers: list,
    user: decodeURIComponent(username),
    pass: decodeURIComponent(password),
  };
}

function serverOf(text: string): URL {
  const url = URL.parse(text.includes("://") ? text : `nats://${text}`);
  if (url !== null && /^(?:nats|tls):$/.test(url.protocol) && url.host !== "") return url;
  throw new TypeError(`url: "${text}" is no address such as nats://127.0.0.1:4222`);
}

const withoutSecret = (url: string): string => url.replaceAll(/[^/,]*@/g, "");
