// Sources, queue, archive: what `drayage record` consists of while it records.
//
//   NATS source ---> sink (block) --+
//                                   +--> queue of `slack` batches ---> ArchiveWriter ---> current
//   proxy ---------> sink (drop) ---+                                        | rotation
//                                                                            v
//                                                                       put command
import { createConnection } from "node:net";
import { hostname } from "node:os";
import { ArchiveReader } from "../archive/archive-reader.ts";
import { ArchiveWriter } from "../archive/archive-writer.ts";
import { compileGlob, type Glob, matchesAny } from "../archive/glob.ts";
import type {
  ArchiveWriterOptions,
  WriterFailure,
  WriterState,
} from "../archive/writer-options.ts";
import { DrayageError, messageOf } from "../core/errors.ts";
import { type Micros, micros } from "../core/units.ts";
import { BatchQueue, type BatchQueueState } from "./batch-queue.ts";
import type { OverloadPolicy } from "./batch-sink.ts";
import type { NatsOptions } from "./nats/nats-options.ts";
import { NatsSource, type NatsSourceState } from "./nats/nats-source.ts";
import type { RecordingProxyOptions, RecordingProxyState } from "./proxy/proxy-options.ts";
import { RecordingProxy } from "./proxy/recording-proxy.ts";
import type { StorageCommands } from "./storage-commands.ts";
import { SubjectChoice } from "./subjects/subject-choice.ts";

/** A registry that takes longer to accept a connection is not there. */
const REACH_MS_MAX = 5_000;
/** At the end, sources may take so long to hand over what they have, and then what waits for a disk that is slow. */
const SOURCES_MS_MAX = 3_000;
const DRAIN_MS_MAX = 1_000;

export type RecorderOptions = {
  readonly writer: Omit<ArchiveWriterOptions, "source" | "onNotice" | "onRotated">;
  readonly spec: readonly string[];
  readonly slack: number;
  /** Without it, NATS blocks and the proxy drops. */
  readonly onOverload: OverloadPolicy | null;
  readonly nats: NatsOptions | null;
  /** Below this path lies what sessions play over NATS. */
  readonly except: string | undefined;
  readonly proxy: Omit<RecordingProxyOptions, "spec" | "known" | "now" | "onNotice"> | null;
  readonly commands: StorageCommands | undefined;
  /** One sentence for the operator. */
  readonly onNotice: (sentence: string) => void;
  /** Recording has stopped for good. */
  readonly onFailure: (failure: WriterFailure) => void;
};

export type RecorderState = {
  readonly archive: WriterState;
  readonly queue: BatchQueueState;
  readonly nats: NatsSourceState | undefined;
  readonly proxy: RecordingProxyState | undefined;
  readonly commands: { readonly putting: number; readonly putFailures: number } | undefined;
};

const systemMicros = (): Micros => micros(Date.now() * 1_000);

/** Records until it is stopped, or the archive fails. */
export class Recorder {
  readonly writer: ArchiveWriter;
  readonly #options: RecorderOptions;
  readonly #queue: BatchQueue;
  #nats: NatsSource | undefined;
  #proxy: RecordingProxy | undefined;

  private constructor(writer: ArchiveWriter, options: RecorderOptions) {
    this.writer = writer;
    this.#options = options;
    this.#queue = new BatchQueue({
      store: writer,
      slack: options.slack,
      now: systemMicros,
      onRefused: (error) =>
        options.onNotice(`warning: a batch could not be stored and is lost: ${messageOf(error)}`),
    });
    writer.onFailure((failure) => {
      this.#queue.fail();
      options.onFailure(failure);
    });
  }

  /** Opens the archive, then the sources: DrayageError `target-unreachable` or `auth-failed` where one is not there. */
  static async start(options: RecorderOptions): Promise<Recorder> {
    const { nats, spec, onNotice, commands } = options;
    const writer = await ArchiveWriter.open({
      ...options.writer,
      source: { kind: nats === null ? "proxy" : "nats", spec, host: hostname() },
      onNotice,
      onRotated: (name) => commands?.put(name),
    });
    const recorder = new Recorder(writer, options);
    try {
      await recorder.#startSources(spec.map(compileGlob));
      return recorder;
    } catch (error) {
      await recorder.stop();
      throw error;
    }
  }

  /** Where the proxy listens. */
  get proxyUrl(): string | undefined {
    return this.#proxy?.url;
  }

  state(): RecorderState {
    return {
      archive: this.writer.state(),
      queue: this.#queue.state(),
      nats: this.#nats?.state(),
      proxy: this.#proxy?.state(),
      commands: this.#options.commands?.state(),
    };
  }

  /** Takes in what sources still have, writes it down and commits. What a slow disk does not take in time is lost, counted. */
  async stop(): Promise<void> {
    await atMost(Promise.all([this.#nats?.stop(), this.#proxy?.close()]), SOURCES_MS_MAX);
    await atMost(this.#queue.drain(), DRAIN_MS_MAX);
    await this.#queue.giveUp();
    await this.writer.close();
  }

  async #startSources(globs: readonly Glob[]): Promise<void> {
    const { nats, proxy, except, onNotice, onOverload } = this.#options;
    if (nats !== null) {
      const { shard } = this.#options.writer;
      const choice = new SubjectChoice({ globs, except, shard });
      const sink = this.#queue.sink(onOverload ?? "block");
      this.#nats = await NatsSource.start({ nats, choice, sink, now: systemMicros, onNotice });
    }
    if (proxy !== null) {
      await reach(proxy.upstream);
      const spec = { matches: (path: string) => matchesAny(globs, path) };
      const known = await registryState(this.writer);
      const sink = this.#queue.sink(onOverload ?? "drop");
      // Its own clock tells arrivals to the microsecond.
      const settings = { ...proxy, spec, known, onNotice };
      this.#proxy = await RecordingProxy.start(settings, sink);
    }
  }
}

/** What the archive knows of the registry so far. */
async function registryState(writer: ArchiveWriter): Promise<[path: string, json: string][]> {
  const reader = await ArchiveReader.open(writer.folder, { writer });
  try {
    const last = reader.last();
    if (last === null) return [];
    const known: [string, string][] = [];
    const image = await reader.imageAt(last, compileGlob("/$registry/**"));
    for await (const { path, event } of image.entries())
      if (event?.kind === "json") known.push([path, Buffer.from(event.json).toString()]);
    return known;
  } finally {
    await reader.close();
  }
}

/** Whether something accepts connections where the upstream should be. */
function reach(upstream: string): Promise<void> {
  const { protocol, hostname: host, port } = new URL(upstream);
  const usual = protocol === "https:" ? 443 : 80;
  return new Promise((resolve, reject) => {
    const socket = createConnection({
      host: host.replace(/^\[|\]$/g, ""),
      port: port === "" ? usual : Number(port),
      timeout: REACH_MS_MAX,
    });
    const fail = (reason: string, cause?: unknown): void => {
      socket.destroy();
      const message = `upstream ${upstream} cannot be reached: ${reason}`;
      reject(new DrayageError("target-unreachable", message, { cause }));
    };
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
    socket.once("timeout", () => fail(`no connection within ${REACH_MS_MAX} ms`));
    socket.once("error", (error) => fail(messageOf(error), error));
  });
}

async function atMost(work: Promise<unknown>, ms: number): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, ms);
  await Promise.race([work, over.promise]);
  clearTimeout(timer);
}
