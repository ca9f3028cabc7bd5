import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { openTrace } from "../../src/trace/open-trace.ts";
import type { TraceRecord } from "../../src/trace/record.ts";
import { toTraceRecord } from "../../src/trace/record-view.ts";
import type { OpenTraceOptions } from "../../src/trace/trace-options.ts";
import type { TraceStream } from "../../src/trace/trace-stream.ts";

const sampleFolder = join(import.meta.dirname, "../../../shared/data/traces");

/** Path of a published sample; `undefined`, and the test marked as skipped, where it is absent. */
export function samplePath(t: TestContext, name: string): string | undefined {
  const path = join(sampleFolder, name);
  if (existsSync(path)) return path;
  t.skip(`needs shared/data/traces/${name}`);
  return undefined;
}

/** A directory of its own for a test. */
export function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "trace-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files by name into a new directory, which is returned. */
export function folderWith(t: TestContext, files: Record<string, string | Buffer>): string {
  const folder = folderFor(t);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

export type Native = Record<string, unknown>;

/** A sound record in the native layout. */
export const native = (changes: Native = {}): Native => ({
  host: "dc118836",
  "http.request.duration": 0.25,
  "http.request.method": "GET",
  "http.request.remoteaddr": "0ee76ffa",
  "http.request.uri": "v2/4715bf52/437c49db/blobs/93054319",
  "http.request.useragent": "docker/17.03.1-ce",
  "http.response.status": 200,
  "http.response.written": 9576,
  id: "ed29d65dbd",
  timestamp: "2017-06-20T02:41:18.399Z",
  ...changes,
});

export function without(record: Native, key: string): Native {
  const { [key]: _left, ...rest } = record;
  return rest;
}

/** A sound record at so many seconds after midnight. */
export const nativeAt = (seconds: number, changes: Native = {}): Native =>
  native({
    timestamp: new Date(Date.UTC(2017, 5, 20) + seconds * 1000).toISOString(),
    ...changes,
  });

export type Opened = {
  readonly records: TraceRecord[];
  readonly account: TraceStream["account"];
};

/** Everything that a trace yields. */
export async function readAll(options: OpenTraceOptions): Promise<Opened> {
  const stream = await openTrace(options);
  const records: TraceRecord[] = [];
  while (stream.next()) {
    const { seq, delayUs, files } = stream;
    records.push(toTraceRecord(stream.view, { seq, delay: delayUs / 1e6, files }));
  }
  stream.close();
  return { records, account: stream.account };
}

/** Everything that one file with this content yields. */
export async function readText(
  t: TestContext,
  content: string | Buffer,
  options: Partial<OpenTraceOptions> = {},
): Promise<Opened> {
  const location = folderWith(t, { "trace.json": content });
  return await readAll({ location, traces: ["trace.json"], ...options });
}

/** Records without what depends on the form of the file. */
export const contents = (records: readonly TraceRecord[]): Omit<TraceRecord, "origin">[] =>
  records.map(({ origin: _origin, ...rest }) => rest);

/** The promise of the account: every record read is somewhere. */
export function sumOf({ kept, folded, filtered, broken }: TraceStream["account"]): number {
  const sum = (counts: Record<string, number>) =>
    Object.values(counts).reduce((total, count) => total + count, 0);
  return kept + folded + sum(filtered) + sum(broken);
}
