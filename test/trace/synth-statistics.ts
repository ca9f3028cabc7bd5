// The table of trace-replay.md section 7, measured on the files of a synthetic trace.
import { readFileSync } from "node:fs";

type NativeJson = {
  host: string;
  "http.request.duration": number;
  "http.request.method": string;
  "http.request.remoteaddr": string;
  "http.request.uri": string;
  "http.request.useragent"?: string;
  "http.response.status": number;
  "http.response.written": number;
  id: string;
  timestamp: string;
};

export type Synthetic = NativeJson & {
  end: number;
  start: number;
  kind: string;
  segments: string[];
};

function kindOf(segments: readonly string[]): string {
  if (segments.length === 1) return "ping";
  if (segments.includes("uploads")) return "upload";
  return segments.at(-2) === "blobs" ? "blob" : "manifest";
}

export function readShard(path: string): Synthetic[] {
  const records: NativeJson[] = JSON.parse(readFileSync(path, "utf8"));
  return records.map((record) => {
    const end = Date.parse(record.timestamp);
    const segments = record["http.request.uri"].split("/");
    const start = end - record["http.request.duration"] * 1000;
    return { ...record, end, start, segments, kind: kindOf(segments) };
  });
}

export const quantile = (values: readonly number[], p: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(p * (values.length - 1))] ?? Number.NaN;

export const share = (values: readonly boolean[]): number =>
  values.filter(Boolean).length / values.length;

export const shareBelow = (values: readonly number[], limit: number): number =>
  share(values.map((value) => value < limit));

/** Counts of each key, highest first. */
export function ranking(keys: Iterable<string>): number[] {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts.values()].sort((a, b) => b - a);
}

export const topShare = (counts: readonly number[], n: number): number =>
  counts.slice(0, n).reduce((a, b) => a + b, 0) / counts.reduce((a, b) => a + b, 0);

export const methodShare = (records: readonly Synthetic[], method: string): number =>
  share(records.map((record) => record["http.request.method"] === method));

export const getsOf = (records: readonly Synthetic[], kind?: string): Synthetic[] =>
  records.filter(
    (record) =>
      record["http.request.method"] === "GET" && (kind === undefined || record.kind === kind),
  );

export const nameOf = ({ segments, kind }: Synthetic): string =>
  segments.slice(1, kind === "upload" ? -3 : -2).join("/");

export const digestOf = ({ segments }: Synthetic): string => segments.at(-1) ?? "";

/** Pairs of names and blobs that were fetched, as the sets of each side. */
export function namesAndBlobs(blobGets: readonly Synthetic[]) {
  const blobsOf = new Map<string, Set<string>>();
  const namesOf = new Map<string, Set<string>>();
  for (const get of blobGets) {
    const name = nameOf(get);
    const blob = digestOf(get);
    (blobsOf.get(name) ?? blobsOf.set(name, new Set()).get(name))?.add(blob);
    (namesOf.get(blob) ?? namesOf.set(blob, new Set()).get(blob))?.add(name);
  }
  return { blobsOf, namesOf };
}

/** Gaps between neighbours in time, in the unit of the instants. */
export function gaps(instants: readonly number[]): number[] {
  const sorted = instants.toSorted((a, b) => a - b);
  return sorted.slice(1).map((instant, at) => instant - (sorted[at] ?? 0));
}

export const mean = (values: readonly number[]): number =>
  values.reduce((a, b) => a + b, 0) / values.length;
