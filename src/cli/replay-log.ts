import { UsageError } from "../core/errors.ts";
import type { ExitCode } from "../core/exit-code.ts";
import { BroadcastStatistics } from "../playback/message-log/broadcast-statistics.ts";
import type { MessageSink } from "../playback/message-log/message-sink.ts";
import { bodyForms, nats } from "../playback/message-log/nats-sink.ts";
import { Replay } from "../playback/message-log/replay.ts";
import { stdout } from "../playback/message-log/stdout-sink.ts";
import { SUBJECT_DEFAULT } from "../playback/message-log/subject-template.ts";
import type { Command, OptionValues, Terminal } from "./command.ts";
import { counted } from "./replay-log/count-words.ts";
import { openLogs } from "./replay-log/open-logs.ts";
import { recoverDirectory } from "./replay-log/recover-directory.ts";
import { runPasses } from "./replay-log/replay-passes.ts";
import { ReplayProblems } from "./replay-log/replay-problems.ts";
import { reportFile } from "./replay-log/replay-report.ts";

const options = {
  speed: { type: "number", default: 1, value: "X", help: "2 = twice as fast" },
  topics: {
    type: "string",
    array: true,
    value: "GLOB",
    help: "only these topics; * stops at a slash; may be repeated",
  },
  from: { type: "number", min: 0, value: "S", help: "from this elapsed second on" },
  to: { type: "number", min: 0, value: "S", help: "up to this elapsed second, inclusive" },
  nats: { type: "string", value: "URL", help: "publish to this server" },
  subject: {
    type: "string",
    value: "TEMPLATE",
    help: `subjects, with {type} and {topic}; ${SUBJECT_DEFAULT} unless given`,
  },
  body: {
    type: "string",
    choices: bodyForms,
    value: "FORM",
    help: "msgpack: the recorded bytes unchanged, the default; json",
  },
  stdout: { type: "boolean", default: false, help: "print one JSON line per message" },
  loop: {
    type: "number",
    integer: true,
    min: 0,
    default: 1,
    value: "N",
    help: "so many times, 0 = for ever",
  },
  length: {
    type: "number",
    integer: true,
    min: 1,
    max: 2_097_152,
    default: 5000,
    value: "N",
    help: "messages that are read ahead at most",
  },
  raw: { type: "boolean", default: false, help: "also replay logs without a message type" },
  report: { type: "string", value: "FILE", help: "write figures as JSON: counts, lateness, drift" },
  recover: {
    type: "boolean",
    default: false,
    help: "give the .tmp files of a directory that is not being written their names; replays nothing",
  },
} as const;

type Given = OptionValues<typeof options>;

/** Replays message logs, MCL_LOG 1.0, at their times. */
export const replayLog: Command<typeof options> = {
  name: "replay-log",
  summary: "send the messages of a log directory at their times, to NATS or standard output",
  examples: [
    { type: "drayage replay-log logs --stdout", does: "one JSON line per message, at its time" },
    {
      type: "drayage replay-log logs --nats nats://127.0.0.1:4222 --speed 2 --topics 'gps/*'",
      does: "publish some topics, twice as fast",
    },
    {
      type: "drayage replay-log logs --nats 127.0.0.1 --body json --subject 'replay.{type}.{topic}' --loop 0",
      does: "JSON, under subjects of your own, again and again",
    },
    { type: "drayage replay-log --recover logs", does: "name what a killed writer left behind" },
  ],
  positionals: ["DIR"],
  options,
  async run(given, [path = ""], terminal) {
    if (given.recover) return recoverDirectory(path, terminal);
    checkSpeed(given.speed);
    const sink = sinkOf(given, terminal);
    const report = reportFile(given.report);
    const problems = new ReplayProblems((line) => terminal.err.write(`${line}\n`));
    const reader = openLogs(path, given, (line) => terminal.err.write(`${line}\n`));
    const statistics = new BroadcastStatistics();
    const replay = new Replay(reader, given.speed, { sink, length: given.length, statistics });
    replay.on("error", (error) => problems.add(error));
    // Before anything is read: a server that is not there ends the command with a code of its own.
    await sink.open();
    const interrupted = await runPasses(replay, { passes: given.loop, terminal });
    await replay.close();
    const figures = replay.stats();
    report?.write(figures, problems.unreadableLines);
    terminal.program?.finished({ directory: null, results: figures });
    return finish(figures, { problems, interrupted, terminal });
  },
};

function checkSpeed(speed: number): void {
  if (!Number.isFinite(speed) || speed <= 0)
    throw new UsageError(`--speed wants a number above 0, not ${speed}`);
}

function sinkOf(given: Given, { out, err }: Terminal): MessageSink {
  if ((given.nats === undefined) === !given.stdout)
    throw new UsageError("where to? Give one of --nats URL and --stdout");
  if (given.nats === undefined) {
    for (const flag of ["subject", "body"] as const) {
      if (given[flag] !== undefined) throw new UsageError(`--${flag} needs --nats URL`);
    }
    return stdout(out);
  }
  const body = bodyForms.find((form) => form === given.body);
  try {
    return nats({
      url: given.nats,
      subject: given.subject ?? SUBJECT_DEFAULT,
      onNotice: (sentence) => err.write(`${sentence}\n`),
      ...(body === undefined ? {} : { body }),
    });
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(`--${error.message}`, { cause: error });
    throw error;
  }
}

type Ending = {
  readonly problems: ReplayProblems;
  readonly interrupted: ExitCode | undefined;
  readonly terminal: Terminal;
};

function finish(
  { sent, duration, lateness, drift }: ReturnType<Replay["stats"]>,
  { problems, interrupted, terminal }: Ending,
): ExitCode {
  const late =
    lateness.p99 === null
      ? ""
      : `, lateness p99 ${inMillis(lateness.p99)}, max ${inMillis(lateness.max)}, drift ${inMillis(drift)}`;
  terminal.err.write(`${counted(sent, "message")} in ${duration.toFixed(2)} s${late}\n`);
  problems.summarize();
  return interrupted ?? problems.exit;
}

const inMillis = (seconds: number | null): string =>
  seconds === null ? "-" : `${(seconds * 1000).toFixed(2)} ms`;
