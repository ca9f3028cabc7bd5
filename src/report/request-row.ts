/** One request, for those who want to count for themselves. Times in ns since the start of the run. */
export type RequestRow = {
  readonly seq: number;
  /** Operation class, such as `get-blob`. */
  readonly operation: string;
  readonly node: number;
  /** Null without slots. */
  readonly slot: number | null;
  readonly registry: number;
  /** Null where nothing was due; then there is neither lateness nor response time. */
  readonly due: number | null;
  readonly sent: number;
  /** Null where none came. */
  readonly firstByte: number | null;
  readonly done: number;
  readonly bytes: number;
  /** Last HTTP status; null = no answer. */
  readonly status: number | null;
  /** Label of the failure, null for a success. */
  readonly error: string | null;
  readonly attempts: number;
  /** Of the trace; null where there is none. */
  readonly uri: string | null;
};

type Cell = string | number | null;
export type Column<Row> = {
  readonly name: string;
  readonly type: "text" | "whole" | "wide";
  readonly cell: (row: Row) => Cell;
};

const rounded = (value: number | null): number | null =>
  value === null ? null : Math.round(value);

/** Columns of requests.csv, requests.ndjson and requests.parquet, in order; `wide` ones may exceed 32 bits. */
export const requestColumns: readonly Column<RequestRow>[] = [
  { name: "seq", type: "wide", cell: ({ seq }) => seq },
  { name: "operation", type: "text", cell: ({ operation }) => operation },
  { name: "node", type: "whole", cell: ({ node }) => node },
  { name: "slot", type: "whole", cell: ({ slot }) => slot },
  { name: "registry", type: "whole", cell: ({ registry }) => registry },
  { name: "due_ns", type: "wide", cell: ({ due }) => rounded(due) },
  { name: "sent_ns", type: "wide", cell: ({ sent }) => rounded(sent) },
  { name: "first_byte_ns", type: "wide", cell: ({ firstByte }) => rounded(firstByte) },
  { name: "done_ns", type: "wide", cell: ({ done }) => rounded(done) },
  {
    name: "response_ns",
    type: "wide",
    cell: ({ due, done }) => (due === null ? null : Math.round(done - due)),
  },
  { name: "service_ns", type: "wide", cell: ({ sent, done }) => Math.round(done - sent) },
  {
    name: "lateness_ns",
    type: "wide",
    cell: ({ due, sent }) => (due === null ? null : Math.round(sent - due)),
  },
  { name: "bytes", type: "wide", cell: ({ bytes }) => bytes },
  { name: "status", type: "whole", cell: ({ status }) => status },
  { name: "error", type: "text", cell: ({ error }) => error },
  { name: "attempts", type: "whole", cell: ({ attempts }) => attempts },
  { name: "uri", type: "text", cell: ({ uri }) => uri },
];

/** A request of a puller, or a whole pull. */
export type PullRow = RequestRow & {
  /** Null for what no puller asked for. */
  readonly puller: number | null;
  /** Number of the pull in the run, and its image; null outside of pulls. */
  readonly pull: number | null;
  readonly image: string | null;
  /** Ready to sent, ns: connecting, mostly. Null where nobody waited. */
  readonly wait: number | null;
};

/** Those of any run, and a ramp's own behind them. */
export const pullColumns: readonly Column<PullRow>[] = [
  ...requestColumns,
  { name: "puller", type: "whole", cell: ({ puller }) => puller },
  { name: "pull", type: "whole", cell: ({ pull }) => pull },
  { name: "image", type: "text", cell: ({ image }) => image },
  { name: "wait_ns", type: "wide", cell: ({ wait }) => rounded(wait) },
];
