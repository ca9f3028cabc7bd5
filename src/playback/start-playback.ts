// Starts playback of one archive: reader, pacing thread, session host, HTTP adapter. Alone, or beside the recorder in one process.
import type { NatsConnection } from "@nats-io/nats-core";
import { ArchiveReader } from "../archive/archive-reader.ts";
import { UsageError } from "../core/errors.ts";
import { type Bytes, bytes, type Micros, type Millis, micros, millis } from "../core/units.ts";
import { WakeClock } from "./clock/wake-clock.ts";
import { HttpAdapter } from "./http/http-adapter.ts";
import { NatsAdapter } from "./nats/nats-adapter.ts";
import { stampText } from "./session/date-time.ts";
import type { PlaybackArchive } from "./session/session-context.ts";
import type { SessionDesk } from "./session/session-desk.ts";
import { SessionHost } from "./session/session-host.ts";
import type { Surroundings } from "./session/surroundings.ts";
import { machineClock } from "./shards/clock-offset.ts";
import { ShardCluster } from "./shards/shard-cluster.ts";

/** Keys of `publish`, with its defaults where they are missing. */
export type PublishOptions = {
  /** `HOST:PORT`; `none` turns HTTP off. Default 127.0.0.1:7070. */
  readonly bind?: string | null | undefined;
  readonly token?: string | null | undefined;
  /** Default 512. */
  readonly maxSessions?: number | undefined;
  /** Default 64. */
  readonly maxSessionsPerClient?: number | undefined;
  /** Default 30 s. */
  readonly gcInterval?: Millis | undefined;
  /** Default 8 MiB. */
  readonly streamBuffer?: Bytes | undefined;
  /** Default `default`. */
  readonly cluster?: string | undefined;
  /** Path of what sessions have on a message server. Default `/archive`. */
  readonly base?: string | undefined;
  /** One of several recorders that share the paths; without it there is a single one. */
  readonly shard?: { readonly index: number; readonly count: number } | undefined;
};

export type PlaybackOptions = {
  readonly publish: PublishOptions;
  /** An archive to open; or `reader`, which stays the caller's to close. */
  readonly directory?: string;
  readonly reader?: PlaybackArchive;
  /** State of the recorder for `/healthz` and `/cluster`; without it nothing is recorded here. */
  readonly recorder?: () => unknown;
  /** Names of files that exist elsewhere, as the `list` command tells them. */
  readonly listFiles?: () => Promise<readonly string[]>;
  /** A message server to offer sessions on: connected, without echo. It is closed at the end, also where starting fails. */
  readonly nats?: NatsConnection | undefined;
  /** Of the archive, for other shards to see; null while it has no file. */
  readonly archiveId?: (() => string | null) | undefined;
  /** Only of a shard: another process has its place, and this one has to end. */
  readonly onRefused?: ((error: Error) => void) | undefined;
  readonly log: (sentence: string) => void;
};

export type Playback = {
  readonly host: SessionHost;
  /** Where the HTTP adapter listens; undefined if it is off. */
  readonly url: string | undefined;
  /** Ends all sessions and streams, and then the adapters. */
  close(): Promise<void>;
};

const BASE = "/archive";
const CLUSTER = "default";
const BIND = "127.0.0.1:7070";
const MAX_SESSIONS = 512;
const MAX_SESSIONS_PER_CLIENT = 64;
const GC_INTERVAL = millis(30_000);
const STREAM_BUFFER = bytes(8 << 20);

const systemTime = (): Micros => micros(Date.now() * 1000);
/** For comparing clocks, since that of the system only tells milliseconds. */
const fineTime = (): Micros => micros((performance.timeOrigin + performance.now()) * 1000);

type Parts = {
  readonly host: SessionDesk;
  readonly surroundings: Surroundings;
  readonly cluster: ShardCluster | undefined;
};

/** Rejects with a StorageError if there is no such archive, or the system's error if the address is taken. */
export async function startPlayback(options: PlaybackOptions): Promise<Playback> {
  const { publish, log } = options;
  const own =
    options.reader === undefined
      ? await ArchiveReader.open(options.directory ?? ".", { onNotice: log })
      : undefined;
  const archive = options.reader ?? (own as ArchiveReader);
  const wake = await WakeClock.start();
  const host = new SessionHost({
    archive,
    wake,
    wall: systemTime,
    maxSessions: publish.maxSessions ?? MAX_SESSIONS,
    maxSessionsPerClient: publish.maxSessionsPerClient ?? MAX_SESSIONS_PER_CLIENT,
    gcInterval: publish.gcInterval ?? GC_INTERVAL,
    streamBufferBytes: publish.streamBuffer ?? STREAM_BUFFER,
    listFiles: options.listFiles,
    log,
  });
  let http: HttpAdapter | undefined;
  let nats: NatsAdapter | undefined;
  const cluster = shardCluster(options, { host, archive, wake });
  const close = async (): Promise<void> => {
    cluster?.stop();
    if (cluster !== undefined) nats?.leave();
    host.close();
    await http?.close();
    await (nats ?? options.nats)?.close();
    await wake.close();
    await own?.close();
  };
  try {
    const surroundings = surroundingsOf(options, { archive, cluster });
    const parts = { host: cluster?.desk ?? host, surroundings, cluster };
    http = await startHttp(options, parts);
    nats = await startNats(options, parts);
    await cluster?.start();
    host.watch();
    return { host, url: http?.url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function shardCluster(
  { publish, nats: connection, archiveId, onRefused, log }: PlaybackOptions,
  { host, archive, wake }: { host: SessionHost; archive: PlaybackArchive; wake: WakeClock },
): ShardCluster | undefined {
  const { shard, base = BASE, cluster = CLUSTER } = publish;
  if (shard === undefined) return undefined;
  if (connection === undefined)
    throw new UsageError("publish.shards: shards find each other over NATS: add a nats section");
  return new ShardCluster({
    host,
    archive,
    wake,
    wall: fineTime,
    machine: machineClock(fineTime),
    connection,
    base,
    cluster,
    shard: shard.index,
    shards: shard.count,
    archiveId: archiveId ?? (() => null),
    onRefused: onRefused ?? (() => {}),
    log,
  });
}

function surroundingsOf(
  { publish, recorder }: PlaybackOptions,
  { archive, cluster }: { archive: PlaybackArchive; cluster: ShardCluster | undefined },
): Surroundings {
  const state = (): unknown => recorder?.() ?? null;
  const own = () => ({ first: archive.first(), last: archive.last() });
  return {
    notReady: () => cluster?.notReady,
    recorder: state,
    cluster: () => ({
      cluster: publish.cluster ?? CLUSTER,
      shards: publish.shard?.count ?? 1,
      present: cluster?.present ?? [0],
      ...(cluster?.trouble === undefined ? {} : { trouble: cluster.trouble }),
      archive: shownSpan((cluster ?? { span: own() }).span),
      recorder: state(),
    }),
  };
}

async function startHttp(
  { publish, log }: PlaybackOptions,
  { host, surroundings }: Parts,
): Promise<HttpAdapter | undefined> {
  const listen = listenAddress(publish.bind ?? BIND);
  if (listen === undefined) return undefined;
  const token = publish.token ?? undefined;
  return HttpAdapter.start({ host, listen, token, surroundings, log });
}

async function startNats(
  { publish, nats: connection, log }: PlaybackOptions,
  { host, surroundings, cluster }: Parts,
): Promise<NatsAdapter | undefined> {
  if (connection === undefined) return undefined;
  return NatsAdapter.start({
    host,
    connection,
    surroundings,
    base: publish.base ?? BASE,
    lease: publish.gcInterval ?? GC_INTERVAL,
    streamBufferBytes: publish.streamBuffer ?? STREAM_BUFFER,
    cluster,
    log,
  });
}

const shownSpan = ({ first, last }: { first: Micros | null; last: Micros | null }) => ({
  first: first === null ? null : stampText(first),
  last: last === null ? null : stampText(last),
});

/** `127.0.0.1:7070`, `:7070`, `[::1]:7070`; undefined for `none`. */
function listenAddress(bind: string): { host: string; port: number } | undefined {
  if (bind === "none") return undefined;
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(bind);
  if (match === null || Number(match[3]) > 65_535) {
    throw new UsageError(`publish.bind wants HOST:PORT such as ${BIND}, or none, not "${bind}"`);
  }
  const host = match[1] ?? match[2] ?? "";
  return { host: host === "" ? "127.0.0.1" : host, port: Number(match[3]) };
}
