import { ExitCode } from "../../core/exit-code.ts";
import type { Replay } from "../../playback/message-log/replay.ts";
import type { Terminal } from "../command.ts";
import { type Program, programExit, whenEnded } from "../program.ts";

type Passes = {
  /** 0: for ever. */
  readonly passes: number;
  readonly terminal: Terminal;
};

/** Replays so many times, until a signal or a key ends it. Gives the exit code of the signal. */
export async function runPasses(
  replay: Replay,
  { passes, terminal }: Passes,
): Promise<ExitCode | undefined> {
  let isOver = false;
  let code: ExitCode | undefined;
  const stop = (): void => {
    isOver = true;
    replay.stop();
  };
  const onSignal = (signal: ExitCode): void => {
    code ??= signal;
    stop();
  };
  const { program } = terminal;
  const release =
    program === undefined ? catchSignals(onSignal) : endedBy(program, () => onSignal(programExit));
  let isPaused = false;
  const releaseKeys = catchKeys(program, {
    pause: () => {
      // Between two passes, and behind the last, there is nothing to pause.
      if (isOver || (!isPaused && !replay.pause())) return;
      isPaused = !isPaused;
      if (!isPaused) replay.start();
      terminal.err.write(isPaused ? "paused; space goes on\n" : "going on\n");
    },
    stop,
    interrupt: () => {
      code ??= ExitCode.interrupted;
      stop();
    },
  });
  try {
    for (let pass = 0; !isOver && (passes === 0 || pass < passes); pass++) {
      const before = replay.stats().sent;
      replay.start();
      await replay.done();
      // A log without messages would otherwise be replayed for ever without a pause.
      if (replay.stats().sent === before) break;
    }
  } finally {
    releaseKeys();
    release();
  }
  return code;
}

const endedBy = (program: Program, end: () => void): (() => void) =>
  whenEnded(program, { drain: end, stop: end });

function catchSignals(onSignal: (code: ExitCode) => void): () => void {
  const interrupt = (): void => onSignal(ExitCode.interrupted);
  const terminate = (): void => onSignal(ExitCode.terminated);
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", terminate);
  return () => {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", terminate);
  };
}

type Keys = { pause(): void; stop(): void; interrupt(): void };

/** Space and q, where somebody sits at a terminal. Ctrl-C comes as a key there, too. */
function catchKeys(program: Program | undefined, keys: Keys): () => void {
  const { stdin } = process;
  if (!stdin.isTTY || program !== undefined) return () => {};
  const acts: Readonly<Record<string, () => void>> = {
    " ": keys.pause,
    q: keys.stop,
    "\u0003": keys.interrupt,
  };
  const onData = (text: Buffer): void => {
    for (const key of text.toString("latin1")) acts[key]?.();
  };
  stdin.setRawMode(true);
  stdin.on("data", onData);
  // A paused replay holds nothing: the keys keep the process alive until they are released.
  return () => {
    stdin.off("data", onData);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
