// Starts playback of one archive: reader, pacing thread, session host, HTTP adapter. Alone, or beside the recorder in one process.
import { ArchiveReader } from "../archive/archive-reader.ts";
import { UsageError } from "../core/errors.ts";
import { type Bytes, bytes, type Millis, micros, millis } from "../core/units.ts";
import { WakeClock } from "./clock/wake-clock.ts";
import { HttpAdapter } from "./http/http-adapter.ts";
import type { Surroundings } from "./http/http-route.ts";
import { stampText } from "./session/date-time.ts";
import type { PlaybackArchive } from "./session/session-context.ts";
import { SessionHost } from "./session/session-host.ts";

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
  readonly log: (sentence: string) => void;
};

export type Playback = {
  readonly host: SessionHost;
  /** Where the HTTP adapter listens; undefined if it is off. */
  readonly url: string | undefined;
  /** Ends all sessions and streams, and then the adapters. */
  close(): Promise<void>;
};

const BIND = "127.0.0.1:7070";
const MAX_SESSIONS = 512;
const MAX_SESSIONS_PER_CLIENT = 64;
const GC_INTERVAL = millis(30_000);
const STREAM_BUFFER = bytes(8 << 20);

const systemTime = (): ReturnType<typeof micros> => micros(Date.now() * 1000);

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
  const end = async (http?: HttpAdapter): Promise<void> => {
    host.close();
    await http?.close();
    await wake.close();
    await own?.close();
  };
  try {
    const http = await startHttp(options, { host, archive });
    host.watch();
    return { host, url: http?.url, close: () => end(http) };
  } catch (error) {
    await end();
    throw error;
  }
}

async function startHttp(
  { publish, recorder, log }: PlaybackOptions,
  { host, archive }: { host: SessionHost; archive: PlaybackArchive },
): Promise<HttpAdapter | undefined> {
  const listen = listenAddress(publish.bind ?? BIND);
  if (listen === undefined) return undefined;
  const token = publish.token ?? undefined;
  const state = (): unknown => recorder?.() ?? null;
  const surroundings: Surroundings = {
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
  return HttpAdapter.start({ host, listen, token, surroundings, log });
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
