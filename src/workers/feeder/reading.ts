import { accountLine, brokenLines } from "../../trace/account.ts";
import type { OpenTraceOptions } from "../../trace/trace-options.ts";
import type { TraceStream } from "../../trace/trace-stream.ts";
import type { FromFeeder } from "../messages.ts";
import type { FeederTools } from "./main.ts";

/** Tells how far the reading of a trace is, and ends it when the run is told to stop. */
export const reading = ({
  tell,
  stopping,
}: FeederTools): Required<Pick<OpenTraceOptions, "onProgress" | "signal">> => ({
  signal: stopping,
  onProgress: ({ bytes, bytesTotal }) => tell({ type: "reading", bytes, bytesTotal }),
});

/** What is known of a trace when all of it has been read. */
export const opened = ({ account }: TraceStream): FromFeeder => ({
  type: "opened",
  broken: brokenLines(account),
  records: account.kept,
  account: accountLine(account),
});
