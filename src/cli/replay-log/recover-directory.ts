import { UsageError } from "../../core/errors.ts";
import { ExitCode } from "../../core/exit-code.ts";
import { LogIOError } from "../../playback/message-log/log-io-error.ts";
import { type Recovered, recoverLogs } from "../../playback/message-log/log-recovery.ts";
import type { Terminal } from "../command.ts";
import { counted } from "./count-words.ts";

/** `--recover`: what was not closed gets its name. Exit 8 if something had to stay. */
export function recoverDirectory(directory: string, { out }: Terminal): ExitCode {
  const recovered = recover(directory);
  if (recovered.length === 0) out.write(`${directory}  nothing to recover\n`);
  for (const log of recovered) out.write(`${sentence(log)}\n`);
  const isAllNamed = recovered.every(({ kind }) => kind === "recovered");
  return isAllNamed ? ExitCode.done : ExitCode.operationsFailed;
}

function recover(directory: string): Recovered[] {
  try {
    return recoverLogs(directory);
  } catch (error) {
    if (error instanceof LogIOError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

function sentence(log: Recovered): string {
  if (log.kind === "kept") return `${log.file}  left as it is: ${log.why}`;
  const bytes = counted(log.droppedBytes, "byte");
  const torn = log.droppedBytes === 0 ? "" : `, ${bytes} of a torn line dropped`;
  return `${log.file}  ${counted(log.entries, "entry", "entries")}${torn}`;
}
