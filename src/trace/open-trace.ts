import { UsageError } from "../core/errors.ts";
import type { OpenTraceOptions } from "./trace-options.ts";
import type { TraceStream } from "./trace-stream.ts";

export async function openTrace(options: OpenTraceOptions): Promise<TraceStream> {
  throw new UsageError(`cannot read ${options.traces.join(", ")}`);
}
