import { StorageError } from "../../archive/archive-errors.ts";
import { ArchiveReader } from "../../archive/archive-reader.ts";
import { messageOf, UsageError } from "../../core/errors.ts";
import { ExitCode } from "../../core/exit-code.ts";
import { makeFolder } from "../../core/folder.ts";
import { type Playback, startPlayback } from "../../playback/start-playback.ts";
import { connectNats } from "../../record/nats/nats-connection.ts";
import { Recorder } from "../../record/recorder.ts";
import { StorageCommands } from "../../record/storage-commands.ts";
import type { Terminal } from "../command.ts";
import { Publication } from "../metrics/publication.ts";
import { isPlaceTrouble } from "../output-file.ts";
import { type Program, whenEnded } from "../program.ts";
import type { RecordConfig } from "./record-config.ts";
import { finalLine, RecordProgress } from "./record-progress.ts";
import { recorderFamilies } from "./recorder-families.ts";
import {
  archiveFolder,
  commandOptions,
  natsOptions,
  publishOptions,
  recorderOptions,
} from "./recorder-options.ts";

/** A put that is under way at the end may go on for so long; then it is left to itself. */
const PUT_MS_MAX = 500;

type Service = {
  readonly recorder: Recorder | undefined;
  readonly playback: Playback | undefined;
  readonly reader: ArchiveReader | undefined;
  readonly commands: StorageCommands | undefined;
  readonly progress: RecordProgress | undefined;
};

/** What the command line adds to the configuration. */
type ServiceFlags = {
  /** Take over the lock of a writer on another host. */
  readonly breakLock: boolean;
  /** HOST:PORT where collectors read what it counts; nowhere if absent. */
  readonly metrics?: string | undefined;
};

/** Records, plays, or both, until a signal or until the archive fails. */
export async function serveRecording(
  config: RecordConfig,
  flags: ServiceFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  const say = (sentence: string): void => void terminal.err.write(`${sentence}\n`);
  const end = endOfService(terminal.program);
  const published = await Publication.open(flags, terminal.env);
  published.tell(say);
  try {
    const service = await start(config, {
      ...flags,
      say,
      onFailure: end.fail,
      onRefused: end.refuse,
    });
    const { recorder } = service;
    published.show(() => (recorder === undefined ? [] : recorderFamilies(recorder.state())));
    say("Ctrl-C ends it: everything is committed");
    await end.reached;
    say("ending");
    await stop(service, say);
    end.refuseIfAsked();
    terminal.program?.finished({
      directory: service.recorder?.writer.folder ?? null,
      results: service.recorder?.state() ?? null,
    });
    return hasFailed(service) ? ExitCode.operationsFailed : ExitCode.done;
  } catch (error) {
    // A disk that fails before the first batch has stopped the recording as well.
    if (!(error instanceof StorageError)) throw error;
    say(messageOf(error));
    return ExitCode.operationsFailed;
  } finally {
    end.forget();
    await published.close(say);
  }
}

const hasFailed = ({ recorder }: Service): boolean =>
  (recorder?.state().archive.failure ?? null) !== null;

type Voice = ServiceFlags & {
  readonly say: (sentence: string) => void;
  readonly onFailure: (isAll: boolean) => void;
};

/** Called when another process does what this one is to do. */
type Refused = { readonly onRefused: (error: Error) => void };

async function start(
  config: RecordConfig,
  { say, onFailure, onRefused, breakLock }: Voice & Refused,
): Promise<Service> {
  const given = commandOptions(config);
  const commands =
    given === undefined ? undefined : new StorageCommands({ ...given, onNotice: say });
  const recorder = await startRecorder(config, { commands, say, onFailure, breakLock });
  try {
    const played =
      config.publish === null
        ? undefined
        : await play(config, { recorder, commands, say, onRefused });
    const progress =
      recorder === undefined ? undefined : new RecordProgress(() => recorder.state(), say);
    return { recorder, commands, progress, playback: played?.playback, reader: played?.reader };
  } catch (error) {
    await recorder?.stop();
    throw error;
  }
}

type RecorderParts = Voice & { readonly commands: StorageCommands | undefined };

async function startRecorder(
  config: RecordConfig,
  { commands, say, onFailure, breakLock }: RecorderParts,
): Promise<Recorder | undefined> {
  if (config.record === null) return undefined;
  const options = recorderOptions(config, config.record);
  const recorder = await Recorder.start({
    ...options,
    writer: { ...options.writer, breakLock },
    commands,
    onNotice: say,
    // The writer has said what happened.
    onFailure: () => onFailure(config.publish === null),
  }).catch(folderTrouble);
  const sources = [
    ...(config.nats === null ? [] : [`NATS ${config.nats.servers.join(", ")}`]),
    ...(recorder.proxyUrl === undefined
      ? []
      : [`${recorder.proxyUrl} in front of ${config.proxy?.upstream}`]),
  ];
  say(
    `recording ${config.record.spec.join(" ")} of ${sources.join(" and ")} in ${recorder.writer.folder}`,
  );
  return recorder;
}

type PlaybackParts = Refused & {
  readonly recorder: Recorder | undefined;
  readonly commands: StorageCommands | undefined;
  readonly say: (sentence: string) => void;
};

async function play(
  config: RecordConfig,
  { recorder, commands, say, onRefused }: PlaybackParts,
): Promise<{ playback: Playback; reader: ArchiveReader } | undefined> {
  if (config.publish === null) return undefined;
  const folder = archiveFolder(config);
  if (recorder === undefined) existingFolder(folder);
  const reader = await ArchiveReader.open(folder, {
    ...(recorder === undefined ? {} : { writer: recorder.writer }),
    ...(commands === undefined
      ? {}
      : { fetch: (name) => commands.get(name), filesBesides: await commands.list() }),
    onNotice: say,
  });
  try {
    const nats = await connectSessions(config);
    const playback = await startPlayback({
      publish: publishOptions(config, config.publish),
      reader,
      ...(recorder === undefined ? {} : { recorder: () => recorder.state() }),
      ...(commands === undefined ? {} : { listFiles: () => commands.list() }),
      nats,
      archiveId: () => reader.id(),
      onRefused,
      log: say,
    });
    if (playback.url !== undefined) say(`sessions at ${playback.url}`);
    if (nats !== undefined) say(`sessions at ${nats.getServer()}, base ${config.publish.base}`);
    return { playback, reader };
  } catch (error) {
    await reader.close();
    throw bindError(error, config.publish.bind);
  }
}

function existingFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (cause) {
    folderTrouble(new StorageError(`cannot make ${folder}`, { cause }));
  }
}

/** UsageError where another folder would do. */
function folderTrouble(error: unknown): never {
  if (error instanceof StorageError && isPlaceTrouble(error.cause))
    throw new UsageError(`archive_directory: ${messageOf(error)}`, { cause: error });
  throw error;
}

/** A port that is in use is the user's to mend. */
const bindError = (error: unknown, bind: string): unknown =>
  (error as NodeJS.ErrnoException).syscall === "listen"
    ? new UsageError(`publish.bind: cannot listen on ${bind}: ${messageOf(error)}`)
    : error;

/** Without echo: what sessions tell on their subjects is no request of ours. */
async function connectSessions({ nats }: RecordConfig) {
  if (nats === null) return undefined;
  return connectNats(natsOptions(nats), { name: "drayage sessions", noEcho: true });
}

async function stop(service: Service, say: (sentence: string) => void): Promise<void> {
  const { recorder, playback, reader, commands, progress } = service;
  progress?.stop();
  await recorder?.stop();
  await playback?.close();
  await reader?.close();
  if (commands !== undefined && commands.state().putting > 0) {
    await Promise.race([commands.settled(), pause(PUT_MS_MAX)]);
    const { putting } = commands.state();
    const files = putting === 1 ? "a file is" : `${putting} files are`;
    if (putting > 0) say(`warning: ${files} not put yet, what runs is left alone`);
    commands.abandon();
  }
  if (recorder !== undefined) say(finalLine(recorder.state()));
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });

/** The first signal, or a failure that leaves nothing to do. Later signals find the end under way. */
function endOfService(program: Program | undefined): {
  readonly reached: Promise<void>;
  fail(isAll: boolean): void;
  refuse(error: Error): void;
  /** Throws what it was refused with. */
  refuseIfAsked(): void;
  forget(): void;
} {
  const { promise, resolve } = Promise.withResolvers<void>();
  let refusal: Error | undefined;
  const onSignal = (): void => resolve();
  const interrupt = { drain: onSignal, stop: onSignal };
  return {
    reached: promise,
    fail: (isAll) => {
      if (isAll) resolve();
    },
    refuse: (error) => {
      refusal = error;
      resolve();
    },
    refuseIfAsked: () => {
      if (refusal !== undefined) throw refusal;
    },
    forget: program === undefined ? caught(onSignal) : whenEnded(program, interrupt),
  };
}

function caught(onSignal: () => void): () => void {
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return () => {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  };
}
