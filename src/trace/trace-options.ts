/** What `trace.include` may name. Source: trace-replay.md 3.3. */
export const includeTokens = [
  "blob:GET",
  "blob:PUT",
  "blob:HEAD",
  "manifest:GET",
  "manifest:PUT",
  "manifest:HEAD",
  "ping",
] as const;
export type IncludeToken = (typeof includeTokens)[number];

export const defaultInclude: readonly IncludeToken[] = [
  "blob:GET",
  "blob:PUT",
  "manifest:GET",
  "manifest:PUT",
];

type TraceProgress = {
  readonly file: string;
  readonly filesDone: number;
  readonly files: number;
  /** Stored bytes read so far, over all files, and in all. */
  readonly bytes: number;
  readonly bytesTotal: number;
};

/** Which traces to read and what to keep of them: the keys `trace.*` of the configuration, and the machinery's limits. */
export type OpenTraceOptions = {
  /** Prefix of relative names; the working directory if absent. */
  readonly location?: string | undefined;
  /** File names, globs, directories, absolute paths. */
  readonly traces: readonly string[];
  /** Whether a record arrives at its `timestamp` or at `timestamp - duration`. Default `timestamp`. */
  readonly arrival?: "timestamp" | "start" | undefined;
  readonly include?: readonly IncludeToken[] | undefined;
  /**
   * `from` inclusive, `to` exclusive: RFC 3339 times, or seconds (a number, also as text) after the earliest arrival
   * among all records that pass `include`.
   */
  readonly window?:
    | { readonly from?: string | number | undefined; readonly to?: string | number | undefined }
    | undefined;
  /** Keeps whole clients, chosen by SHA-256 of `seed` and client. */
  readonly sample?: { readonly clients: number } | undefined;
  readonly seed?: string | number | undefined;
  readonly limit?: { readonly type: "seconds" | "requests"; readonly amount: number } | undefined;
  /** The first broken record is a UsageError. */
  readonly strict?: boolean | undefined;
  /** Leaves out records whose id was seen before, in the order of reading; costs about 16 bytes per kept record. */
  readonly dedupe?: boolean | undefined;
  /**
   * `addresses`: records keep uri and client, and show no host, id and user agent, which are three quarters of the texts
   * of a published trace and of no use to a replay. All texts are judged alike. Default `all`.
   */
  readonly texts?: "all" | "addresses" | undefined;
  /** Where sorted runs are written when they exceed `memoryBytes`; the system's temporary directory if absent. */
  readonly tmpDir?: string | undefined;
  /** Receives every broken record, one JSON object per line. */
  readonly errorsFile?: string | undefined;
  /** Room for records before a run is sorted and written out, and for reading runs. Default 16 MiB. */
  readonly memoryBytes?: number | undefined;
  /** Sorted runs merged, and so files open, at once. Default 256. */
  readonly openFilesMax?: number | undefined;
  /** Accepts a plain list of URIs, whose records have no time, method GET and no size. */
  readonly allowUriList?: boolean | undefined;
  readonly onProgress?: ((progress: TraceProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};
