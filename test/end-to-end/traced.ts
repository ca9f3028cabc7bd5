// Traces for end-to-end tests: records in the native format, and the published sample.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export type TraceRecord = Readonly<Record<string, string | number>>;

/** What a record says; everything else is filled in. */
export type Traced = {
  readonly uri: string;
  readonly method?: string;
  readonly size?: number;
  /** Seconds after the first record. */
  readonly at?: number;
  readonly client?: string;
  readonly duration?: number;
};

const EPOCH_MS = Date.UTC(2017, 5, 20);
const SIZE = 1000;

export const record = ({ uri, method = "GET", ...rest }: Traced, index = 0): TraceRecord => ({
  host: "dc118836",
  "http.request.duration": rest.duration ?? 0.1,
  "http.request.method": method,
  "http.request.remoteaddr": rest.client ?? "0ee76ffa",
  "http.request.uri": uri,
  "http.request.useragent": "docker/17.03.1-ce",
  "http.response.status": method === "PUT" ? 201 : 200,
  "http.response.written": rest.size ?? SIZE,
  id: index.toString(16).padStart(10, "0"),
  timestamp: new Date(EPOCH_MS + (rest.at ?? 0) * 1000).toISOString(),
});

export const trace = (records: readonly Traced[]): TraceRecord[] => records.map(record);

/** `count` GETs of different blobs, `every` seconds apart. */
export const blobGets = (
  count: number,
  { every = 0, size = SIZE }: { readonly every?: number; readonly size?: number } = {},
): Traced[] =>
  Array.from({ length: count }, (_, index) => ({
    uri: `v2/aaaa1111/bbbb2222/blobs/${(index + 1).toString(16).padStart(8, "0")}`,
    at: index * every,
    size,
  }));

const published = fileURLToPath(
  new URL("../../../shared/data/traces/dal09_blobs_sample.reconstructed.json", import.meta.url),
);

/** Where the published sample lies; undefined where it is absent. */
export const samplePath = (): string | undefined => (existsSync(published) ? published : undefined);

/** Printed by tests that skip because `sample` gave undefined. */
export const needsSample =
  "needs ../shared/data/traces/dal09_blobs_sample.reconstructed.json beside the checkout";

/** Records of the published sample whose objects have at most so many bytes. */
export function sample(sizeMax: number): TraceRecord[] | undefined {
  const path = samplePath();
  if (path === undefined) return undefined;
  const all = JSON.parse(readFileSync(path, "utf8")) as TraceRecord[];
  return all.filter((each) => Number(each["http.response.written"]) <= sizeMax);
}
