import { ExitCode } from "../../core/exit-code.ts";
import type { RowSink, SourceReport, TraceReport } from "../../extract/row-sink.ts";
import type { Terminal } from "../command.ts";
import type { ProgressLine } from "../live/progress-line.ts";
import { untilInterrupted } from "./until-interrupted.ts";

/** What comes behind reading. */
const FINISHING = "sorting, checking and writing";

/**
 * Fills a sink and finishes it. Whatever goes wrong, and on SIGINT and SIGTERM, nothing of the trace stays. Returns the exit
 * code: done, or the one of a partial result.
 */
export async function writeTrace<Row>(
  sink: RowSink<Row>,
  {
    fill,
    terminal,
    line,
  }: {
    fill: (sink: RowSink<Row>) => Promise<SourceReport>;
    terminal: Terminal;
    /** Ended here. */
    line: ProgressLine;
  },
): Promise<ExitCode> {
  const { source, trace } = await untilInterrupted(
    async () => {
      const read = await fill(sink);
      const rows = { done: read.rowsRead, total: null, unit: "rows" };
      line.watch(() => ({ doing: FINISHING, ...rows }), FINISHING);
      return { source: read, trace: await sink.finish(read) };
    },
    () => sink.abort(),
    terminal.program,
  ).finally(() => line.end());
  terminal.err.write(summary(source, trace));
  tellExtracted(terminal, { source, trace });
  return source.partial ? ExitCode.operationsFailed : ExitCode.done;
}

/** What a program gets of an extraction. */
export type Extracted = { readonly source: SourceReport; readonly trace: TraceReport };

export const tellExtracted = ({ program }: Terminal, extracted: Extracted): void =>
  program?.finished({ directory: null, results: extracted });

function summary(source: SourceReport, { path, rows, bytes, warnings }: TraceReport): string {
  const dropped = Object.entries(source.dropped)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${count} ${reason}`);
  const left = dropped.length === 0 ? "" : `; left out: ${dropped.join(", ")}`;
  const partial = source.partial ? "; a partial result, see above" : "";
  const said = warnings.map((text) => `warning: ${text}\n`).join("");
  return `${said}${path}: ${rows} ${rows === 1 ? "row" : "rows"}, ${bytes} bytes, from ${source.rowsRead} read${left}${partial}\n`;
}
