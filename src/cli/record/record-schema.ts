// The configuration of `drayage record`: key by key, in the shape of the original recorder's file. Every message begins
// with "expected", so that record-mistakes.ts can say what was found instead.
import * as z from "zod";
import { compileGlob } from "../../archive/glob.ts";
import { messageOf } from "../../core/errors.ts";
import { listenAddress } from "../listen-address.ts";
import { DURATION_FORMS, type Duration, readDuration } from "./duration.ts";

const expects = (words: string): { error: () => string } => ({ error: () => `expected ${words}` });

const mapping = <S extends z.ZodRawShape>(shape: S) =>
  z.strictObject(shape, {
    error: ({ code }) => (code === "invalid_type" ? "expected a mapping" : undefined),
  });

const text = (words: string) => z.string(expects(words)).min(1, expects(words));
const file = (words = "the path of a file") => text(words).nullable().default(null);

function whole({ min, max = Number.MAX_SAFE_INTEGER }: { min: number; max?: number }) {
  const words =
    max === Number.MAX_SAFE_INTEGER
      ? `a whole number of at least ${min}`
      : `a whole number from ${min} to ${max}`;
  return z.int(expects(words)).min(min, expects(words)).max(max, expects(words));
}

/** Null and 0 are off, told as null. */
const frequency = (preset: number | null) =>
  whole({ min: 0 })
    .nullable()
    .default(preset)
    .transform((count) => (count === 0 ? null : count));

const duration = (preset: Duration | null) =>
  z
    .unknown()
    .optional()
    .transform((value, context): Duration | null => {
      const found = value === undefined ? preset : readDuration(value);
      if (found !== undefined) return found;
      context.addIssue({ code: "custom", message: `expected ${DURATION_FORMS}` });
      return null;
    });

const inSeconds = (secs: number): Duration => ({ secs, nanos: 0 });

/** Refuses what `check` throws at, with the reason. */
const checked = (schema: z.ZodString, check: (value: string) => unknown) =>
  schema.superRefine((value, context) => {
    try {
      check(value);
    } catch (error) {
      context.addIssue({ code: "custom", message: messageOf(error) });
    }
  });

const address = (words: string) => checked(text(words), (value) => checkAddress(value, words));

function checkAddress(value: string, words: string): void {
  if (listenAddress(value) === undefined) throw new Error(`expected ${words}`);
}

const commandLine = z.tuple(
  [text("the name of a program"), z.array(z.string(expects("a text")), expects("a list of texts"))],
  expects('a command such as ["upload", ["--quiet"]]'),
);

const commands = mapping({
  list: commandLine,
  get: commandLine,
  put: commandLine.optional(),
  pub: commandLine.optional(),
})
  .nullable()
  .optional();

const serverWords = "nats://HOST:PORT or tls://HOST:PORT";
const server = checked(text(serverWords), checkServer);

function checkServer(value: string): void {
  const url = /^[a-z]+:\/\//i.test(value) ? value : `nats://${value}`;
  if (!/^(?:nats|tls):\/\//i.test(url) || !URL.canParse(url))
    throw new Error(`expected ${serverWords}`);
  const { username, password, hostname } = new URL(url);
  if (hostname === "") throw new Error(`expected ${serverWords}`);
  if (username !== "" || password !== "")
    throw new Error("no user in the URL: write it into nats.credentials");
}

const nats = mapping({
  servers: z
    .union(
      [server, z.array(server).min(1, expects("at least one server"))],
      expects(`${serverWords}, or a list of them`),
    )
    .default(["nats://127.0.0.1:4222"])
    .transform((servers) => [servers].flat()),
  credentials: mapping({
    token: text("a text").optional(),
    user: text("a text").optional(),
    password: z.string(expects("a text")).optional(),
    nkey_file: text("the path of a file").optional(),
    creds_file: text("the path of a file").optional(),
  })
    .nullable()
    .default(null),
  tls: mapping({ ca: file(), cert: file(), key: file(), server_name: file("a name") })
    .nullable()
    .default(null),
});

const proxyTls = mapping({
  listen: mapping({ cert: text("the path of a file"), key: text("the path of a file") })
    .nullable()
    .default(null),
  upstream: mapping({
    ca: file(),
    cert: file(),
    key: file(),
    insecure: z.boolean(expects("true or false")).default(false),
  })
    .nullable()
    .default(null),
});

const upstreamWords = "an absolute URL such as http://127.0.0.1:5000";

function checkUpstream(value: string): void {
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value))
    throw new Error(`expected ${upstreamWords}`);
  const { username, password, pathname, search } = new URL(value);
  if (username !== "" || password !== "")
    throw new Error("no user in the URL: clients send their own credentials through the proxy");
  if (pathname !== "/" || search !== "") throw new Error("expected a URL without a path");
}

const proxy = mapping({
  listen: address("HOST:PORT"),
  upstream: checked(text(upstreamWords), checkUpstream),
  tls: proxyTls.nullable().default(null),
  manifests: mapping({ max_bytes: whole({ min: 0 }).default(4_194_304) })
    .nullable()
    .default({ max_bytes: 4_194_304 }),
  anonymize: mapping({ key_file: text("the path of a file") })
    .nullable()
    .default(null),
  catalog: z.boolean(expects("true or false")).default(false),
});

const overload = z.enum(["block", "drop"], expects("block or drop"));

const record = mapping({
  spec: z
    .array(
      checked(z.string(expects("a glob such as /tmp/**")), compileGlob),
      expects("a list of globs"),
    )
    .min(1, expects("at least one glob")),
  poll_interval: duration(inSeconds(5)),
  image_frequency: frequency(67_108_864),
  flush_frequency: frequency(65_534),
  flush_interval: duration(inSeconds(30)),
  rotate_interval: duration(null),
  rotate_size: frequency(null),
  codec: z.enum(["none", "deflate", "zstd"], expects("none, deflate or zstd")).default("deflate"),
  slack: whole({ min: 1, max: 1_000_000 }).default(100),
  on_overload: overload.nullable().default(null),
  shard: whole({ min: 0, max: 65_535 }).default(0),
});

const DEFAULT_BIND = "127.0.0.1:7070";
const bindWords = 'HOST:PORT, or "none"';

const publish = mapping({
  base: checked(text("a path such as /archive"), checkBase).default("/archive"),
  bind: checked(text(bindWords), checkBind)
    .nullable()
    .default(null)
    .transform((value) => value ?? DEFAULT_BIND),
  token: text("a text").nullable().default(null),
  max_sessions: whole({ min: 1, max: 1_000_000 }).default(512),
  max_sessions_per_client: whole({ min: 1, max: 1_000_000 }).default(64),
  gc_interval: duration(inSeconds(30)),
  stream_buffer: whole({ min: 4_096 }).default(8_388_608),
  shards: whole({ min: 0, max: 65_536 }).default(0),
  cluster: text("a name").default("default"),
});

function checkBind(value: string): void {
  if (value !== "none") checkAddress(value, bindWords);
}

function checkBase(value: string): void {
  if (!value.startsWith("/") || /\/(?:\/|$)|[*?{}[\]\\]/.test(value))
    throw new Error("expected a path such as /archive, without wildcards");
}

const replaced = (key: string, replacement: string) =>
  z
    .unknown()
    .optional()
    .superRefine((value, context) => {
      if (value === undefined || value === null) return;
      const message = `${key} is not supported, only null is: use "${replacement}" instead`;
      context.addIssue({ code: "custom", message });
    });

export const recordSchema = mapping({
  archive_directory: text("the path of a folder"),
  archive_cmds: commands,
  archive_commands: commands,
  netidx_config: replaced("netidx_config", "nats or proxy"),
  desired_auth: replaced("desired_auth", "nats or proxy"),
  nats: nats.nullable().default(null),
  proxy: proxy.nullable().default(null),
  record: record.nullable().default(null),
  publish: publish.nullable().default(null),
});

/** As it was read, with defaults. Still to be checked: what keys say together. */
export type ReadRecord = z.output<typeof recordSchema>;
