import { messageOf } from "../../core/errors.ts";
import { ExitCode } from "../../core/exit-code.ts";
import type { RowSink, SourceReport, TraceReport } from "../../extract/row-sink.ts";
import type { Terminal } from "../command.ts";

const SIGNALS = { SIGINT: ExitCode.interrupted, SIGTERM: ExitCode.terminated } as const;
type Signal = keyof typeof SIGNALS;

/**
 * Fills a sink and finishes it. Whatever goes wrong, and on SIGINT and SIGTERM, nothing of the trace stays. Returns the exit
 * code: done, or the one of a partial result, or the signal's.
 */
export async function writeTrace<Row>(
  sink: RowSink<Row>,
  {
    fill,
    terminal,
  }: {
    fill: (sink: RowSink<Row>, signal: AbortSignal) => Promise<SourceReport>;
    terminal: Terminal;
  },
): Promise<ExitCode> {
  const interruption = catchSignals(sink);
  try {
    const source = await fill(sink, interruption.signal);
    const trace = await sink.finish(source);
    terminal.err.write(summary(source, trace));
    return source.partial ? ExitCode.operationsFailed : ExitCode.done;
  } catch (error) {
    await sink.abort();
    const code = interruption.code();
    if (code === undefined) throw error;
    terminal.err.write(`interrupted: ${messageOf(error)}; nothing was written\n`);
    return code;
  } finally {
    interruption.release();
  }
}

/** The source sees the aborted signal; a sink that is being finished is not waited for. */
function catchSignals<Row>(sink: RowSink<Row>): {
  signal: AbortSignal;
  code: () => ExitCode | undefined;
  release: () => void;
} {
  const controller = new AbortController();
  let code: ExitCode | undefined;
  const on = (name: Signal) => (): void => {
    const isFirst = code === undefined;
    code = SIGNALS[name];
    controller.abort(new Error(`${name} came`));
    if (!isFirst) void sink.abort().finally(() => process.exit(SIGNALS[name]));
  };
  const interrupt = on("SIGINT");
  const terminate = on("SIGTERM");
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", terminate);
  return {
    signal: controller.signal,
    code: () => code,
    release() {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", terminate);
    },
  };
}

function summary(source: SourceReport, { path, rows, bytes }: TraceReport): string {
  const dropped = Object.entries(source.dropped).map(([reason, count]) => `${count} ${reason}`);
  const left = dropped.length === 0 ? "" : `; left out: ${dropped.join(", ")}`;
  const partial = source.partial ? "; a partial result, see above" : "";
  return `${path}: ${rows} rows, ${bytes} bytes, from ${source.rowsRead} read${left}${partial}\n`;
}
