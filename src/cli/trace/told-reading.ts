import type { Terminal } from "../command.ts";
import { type ProgressFlags, ProgressLine } from "../live/progress-line.ts";
import { interruptible } from "./interruptible.ts";

type Reading = {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { readonly bytes: number; readonly bytesTotal: number }) => void;
};

/** Runs work that reads traces, with a line of progress, until it ends or a signal ends it. */
export async function toldReading<T>(
  flags: ProgressFlags,
  terminal: Terminal,
  work: (reading: Reading) => Promise<T>,
): Promise<T> {
  const line = new ProgressLine(terminal, flags);
  try {
    return await interruptible(
      (signal) =>
        work({
          signal,
          onProgress: ({ bytes, bytesTotal }) => {
            const isRead = bytes >= bytesTotal;
            const doing = isRead ? "working on what was read" : "reading the trace";
            line.show(
              { doing, done: bytes, total: bytesTotal, unit: "bytes" },
              isRead ? doing : undefined,
            );
          },
        }),
      terminal.program,
    );
  } finally {
    line.end();
  }
}
