// From the configuration to what recorder, storage commands and playback are started with.
import { readFileSync } from "node:fs";
import { shardFolder } from "../../archive/first-file.ts";
import { messageOf, UsageError } from "../../core/errors.ts";
import { bytes, type Millis, millis } from "../../core/units.ts";
import type { PublishOptions } from "../../playback/start-playback.ts";
import type { NatsCredentials, NatsOptions } from "../../record/nats/nats-options.ts";
import type { ProxyTls } from "../../record/proxy/proxy-options.ts";
import type { RecorderOptions } from "../../record/recorder.ts";
import type { StorageCommandsOptions } from "../../record/storage-commands.ts";
import { listenAddress } from "../listen-address.ts";
import { type Duration, millisOf } from "./duration.ts";
import type { RecordConfig } from "./record-config.ts";

const PAGE_BYTES = 4_096;
/** The longest that a timer can wait: 24 days. One that is to wait for longer would fire at once. */
const NEVER = millis(2 ** 31 - 1);
const timerOf = (duration: Duration | null): Millis =>
  duration === null ? NEVER : millis(Math.min(millisOf(duration), NEVER));

type Section<Name extends keyof RecordConfig> = NonNullable<RecordConfig[Name]>;

type Shard = { readonly index: number; readonly count: number };

/** `undefined` for a single recorder. */
function shardOf({ record, publish }: RecordConfig): Shard | undefined {
  const count = publish?.shards ?? 0;
  return count < 2 ? undefined : { index: record?.shard ?? 0, count };
}

/** Where the files of this recorder are. */
export function archiveFolder(config: RecordConfig): string {
  const shard = shardOf(config);
  const directory = config.archive_directory;
  return shardFolder(shard === undefined ? { directory } : { directory, shard });
}

/** `undefined` if there are no commands. */
export function commandOptions(
  config: RecordConfig,
): Omit<StorageCommandsOptions, "onNotice"> | undefined {
  const { archive_cmds: commands } = config;
  if (commands === null) return undefined;
  return { ...commands, folder: archiveFolder(config), shard: shardOf(config)?.index ?? 0 };
}

/** What the recorder is told, without whom it tells. */
export function recorderOptions(
  config: RecordConfig,
  record: Section<"record">,
): Omit<RecorderOptions, "commands" | "onNotice" | "onFailure"> {
  const shard = shardOf(config);
  return {
    writer: {
      directory: config.archive_directory,
      ...(shard === undefined ? {} : { shard }),
      codec: record.codec,
      imageBytes: bytes(record.image_frequency ?? 0),
      flushBytes: bytes((record.flush_frequency ?? 0) * PAGE_BYTES),
      flushInterval: millisOf(record.flush_interval),
      rotateInterval: millisOf(record.rotate_interval),
      rotateBytes: bytes(record.rotate_size ?? 0),
    },
    spec: record.spec,
    slack: record.slack,
    onOverload: record.on_overload,
    nats: config.nats === null ? null : natsOptions(config.nats),
    except: config.publish === null ? undefined : config.publish.base,
    proxy: config.proxy === null ? null : proxyOptions(config.proxy, record),
  };
}

/** The message server, for recording from it and for sessions on it. */
export function natsOptions({ servers, credentials, tls }: Section<"nats">): NatsOptions {
  return {
    servers,
    credentials: credentials === null ? null : credentialsOf(credentials),
    tls:
      tls === null
        ? null
        : {
            ca: tls.ca ?? undefined,
            cert: tls.cert ?? undefined,
            key: tls.key ?? undefined,
            serverName: tls.server_name ?? undefined,
          },
  };
}

/** The configuration was checked: exactly one of the ways is there. */
function credentialsOf(given: NonNullable<Section<"nats">["credentials"]>): NatsCredentials {
  const { token, user = "", password = "", nkey_file, creds_file } = given;
  if (token !== undefined) return { kind: "token", token };
  if (nkey_file !== undefined) return { kind: "nkey", file: nkey_file };
  if (creds_file !== undefined) return { kind: "creds", file: creds_file };
  return { kind: "user", user, password };
}

function proxyOptions(
  proxy: Section<"proxy">,
  record: Section<"record">,
): RecorderOptions["proxy"] {
  const { manifests, anonymize, tls, upstream } = proxy;
  return {
    listen: listenAddress(proxy.listen) ?? { host: "127.0.0.1", port: 0 },
    upstream,
    ...(tls === null ? {} : { tls: proxyTls(tls) }),
    manifestBytesMax: manifests === null ? null : bytes(manifests.max_bytes),
    ...(anonymize === null ? {} : { anonymizeKey: contentOf(anonymize.key_file) }),
    catalogInterval:
      proxy.catalog && record.poll_interval !== null ? timerOf(record.poll_interval) : null,
  };
}

function proxyTls({ listen, upstream }: NonNullable<Section<"proxy">["tls"]>): ProxyTls {
  const text = (file: string): string => contentOf(file).toString();
  return {
    ...(listen === null ? {} : { listen: { cert: text(listen.cert), key: text(listen.key) } }),
    ...(upstream === null
      ? {}
      : {
          upstream: {
            ...(upstream.ca === null ? {} : { ca: text(upstream.ca) }),
            ...(upstream.cert === null ? {} : { cert: text(upstream.cert) }),
            ...(upstream.key === null ? {} : { key: text(upstream.key) }),
            insecure: upstream.insecure,
          },
        }),
  };
}

export function publishOptions(config: RecordConfig, publish: Section<"publish">): PublishOptions {
  return {
    shard: shardOf(config),
    bind: publish.bind,
    token: publish.token,
    maxSessions: publish.max_sessions,
    maxSessionsPerClient: publish.max_sessions_per_client,
    gcInterval: timerOf(publish.gc_interval),
    streamBuffer: bytes(publish.stream_buffer),
    cluster: publish.cluster,
    base: publish.base,
  };
}

function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${messageOf(error)}`);
  }
}
