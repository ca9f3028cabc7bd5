import type { OpenTraceOptions } from "../../trace/trace-options.ts";
import type { FeederTools } from "./main.ts";

/** Tells how far the reading of a trace is, and ends it when the run is told to stop. */
export function reading({
  tell,
  orders,
}: FeederTools): Required<Pick<OpenTraceOptions, "onProgress" | "signal">> {
  const interruption = new AbortController();
  return {
    signal: interruption.signal,
    onProgress({ bytes, bytesTotal }) {
      if (orders.stopped()) interruption.abort();
      tell({ type: "reading", bytes, bytesTotal });
    },
  };
}
