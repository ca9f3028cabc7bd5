// The reader thread of a message queue: reads ahead as long as there is room, and sleeps on the board's bell otherwise. It has
// nothing else to do, so it may block. Imported by URL only; ends when all was read and is taken.
import { parentPort, workerData } from "node:worker_threads";
import { invariant } from "../../core/errors.ts";
import { logSource, readerSource } from "./fill-sources.ts";
import { LogIOError } from "./log-io-error.ts";
import { checkReader } from "./log-item.ts";
import { importedValue, made } from "./module-export.ts";
import { type FillSource, QueueFiller } from "./queue-filler.ts";
import { ReadDirectory } from "./read-directory.ts";
import { ReadFile } from "./read-file.ts";
import { openReaderOf } from "./reader-plan.ts";
import type { ReaderThreadTask, ThreadFailure, ThreadPlan } from "./reader-thread.ts";

const SLEEP_MS_MAX = 1000;

const task = workerData as ReaderThreadTask;
const port = parentPort;
invariant(port !== null, "reader-thread-main is started as a thread");

const source = await sourceOf(task.plan);
for (let passed = 0; passed < task.skip; passed++) skipOne(source);
const filler = new QueueFiller(task.memory, source, (body) =>
  task.beside.postMessage(body, [body.buffer]),
);
const { board } = filler;
while (work());
task.beside.close();

/** One step, and whatever has to be waited for behind it. False when the thread is not needed any longer. */
function work(): boolean {
  const bell = board.bell();
  const step = filler.step();
  switch (step.kind) {
    case "more":
      return true;
    case "full":
      board.waitsForRoom();
      if (!board.hasRoom(1)) board.sleep(bell, SLEEP_MS_MAX);
      return true;
    case "idle":
      board.sleep(bell, SLEEP_MS_MAX);
      return true;
    case "failed":
      port?.postMessage(failureOf(step));
      return true;
    case "ended":
      return isNeeded(bell);
    default:
      return step satisfies never;
  }
}

/** Bodies beside the ring go with their sender, so it waits until they were taken. A reset calls it back to work. */
function isNeeded(bell: number): boolean {
  if (board.holdsLarge) {
    board.waitsForRoom();
    board.sleep(bell, SLEEP_MS_MAX);
    return true;
  }
  board.loseLife();
  return board.state() === undefined && board.regainLife();
}

async function sourceOf(plan: ThreadPlan): Promise<FillSource> {
  if (plan.kind === "module") {
    const reader = made(await importedValue(plan.address), plan.address.args);
    checkReader(reader);
    return readerSource(reader);
  }
  const reader =
    plan.kind === "file"
      ? new ReadFile(plan.path, plan.limits)
      : new ReadDirectory(plan.path, plan.limits);
  const open = openReaderOf(reader);
  invariant(open !== undefined, "every reader of this module is remembered");
  return logSource(open.source, reader.message);
}

/** What was read before was told of then. */
function skipOne(from: FillSource): void {
  try {
    from.next();
  } catch {}
}

function failureOf({ error, pass }: { error: unknown; pass: number }): ThreadFailure {
  if (error instanceof LogIOError) {
    const { name, message, code, file, line, text } = error;
    return {
      pass,
      name,
      message,
      code,
      file,
      ...(line === undefined ? {} : { line }),
      ...(text === undefined ? {} : { text }),
    };
  }
  if (error instanceof Error) return { pass, name: error.name, message: error.message };
  return { pass, name: "Error", message: String(error) };
}
