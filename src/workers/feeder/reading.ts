import type { OpenTraceOptions } from "../../trace/trace-options.ts";
import type { FeederTools } from "./main.ts";

/** Tells how far the reading of a trace is, and ends it when the run is told to stop. */
export const reading = ({
  tell,
  stopping,
}: FeederTools): Required<Pick<OpenTraceOptions, "onProgress" | "signal">> => ({
  signal: stopping,
  onProgress: ({ bytes, bytesTotal }) => tell({ type: "reading", bytes, bytesTotal }),
});
