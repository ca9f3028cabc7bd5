// Starts playback of one archive: reader, pacing thread, session host, HTTP adapter. Alone, or beside the recorder in one process.
import type { NatsConnection } from "@nats-io/nats-core";
import { ArchiveReader } from "../archive/archive-reader.ts";
import { UsageError } from "../core/errors.ts";
import { type Bytes, bytes, type Millis, micros, millis } from "../core/units.ts";
import { WakeClock } from "./clock/wake-clock.ts";
import { HttpAdapter } from "./http/http-adapter.ts";
import { NatsAdapter } from "./nats/nats-adapter.ts";
import { stampText } from "./session/date-time.ts";
import type { PlaybackArchive } from "./session/session-context.ts";
import { SessionHost } from "./session/session-host.ts";
import type { Surroundings } from "./session/surroundings.ts";

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
const BIND = "127.0.0.1:7070";
const MAX_SESSIONS = 512;
const MAX_SESSIONS_PER_CLIENT = 64;
const GC_INTERVAL = millis(30_000);
const STREAM_BUFFER = bytes(8 << 20);

const systemTime = (): ReturnType<typeof micros> => micros(Date.now() * 1000);

type Parts = {
  readonly host: SessionHost;
  readonly archive: PlaybackArchive;
  readonly surroundings: Surroundings;
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
  const close = async (): Promise<void> => {
    host.close();
    await http?.close();
    await (nats ?? options.nats)?.close();
    await wake.close();
    await own?.close();
  };
  try {
    const surroundings = surroundingsOf(options, archive);
    const parts = { host, archive, surroundings };
    http = await startHttp(options, parts);
    nats = await startNats(options, parts);
    host.watch();
    return { host, url: http?.url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function surroundingsOf(
  { publish, recorder }: PlaybackOptions,
  archive: PlaybackArchive,
): Surroundings {
  const state = (): unknown => recorder?.() ?? null;
  return {
    notReady: () => undefined,
    recorder: state,
    cluster: () => ({
      cluster: publish.cluster ?? "default",
      shards: 1,
      present: [0],
      archive: spanOf(archive),
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
  { host, surroundings }: Parts,
): Promise<NatsAdapter | undefined> {
  if (connection === undefined) return undefined;
  return NatsAdapter.start({
    host,
    connection,
    surroundings,
    base: publish.base ?? BASE,
    lease: publish.gcInterval ?? GC_INTERVAL,
    streamBufferBytes: publish.streamBuffer ?? STREAM_BUFFER,
    log,
  });
}

const spanOf = (archive: PlaybackArchive) => {
  const [first, last] = [archive.first(), archive.last()];
  return {
    first: first === null ? null : stampText(first),
    last: last === null ? null : stampText(last),
  };
};

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
