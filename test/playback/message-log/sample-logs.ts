import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { LogItem, LogReader } from "../../../src/playback/message-log/log-item.ts";
import { WriteFile, type WriteOptions } from "../../../src/playback/message-log/write-file.ts";

export const ORIGIN: Date = new Date("2015-03-04T05:06:07.000Z");

export function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "drayage-log-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The data set of the acceptance cases: A at 0.00 … 0.09 step 0.01, B at 0.1 … 1.0 step 0.1. */
export const itemsOf = (type: "A" | "B"): LogItem[] =>
  Array.from({ length: 10 }, (_, index) => ({
    elapsed_time: type === "A" ? index / 100 : (index + 1) / 10,
    topic: `topic/${index}`,
    payload: { type, index },
    type,
  }));

export const allItems = (): LogItem[] => [...itemsOf("A"), ...itemsOf("B")];

export function writeLog(
  directory: string,
  { type, items, ...options }: { type: string | null; items: readonly LogItem[] } & WriteOptions,
): void {
  const writer = new WriteFile(join(directory, type ?? "raw"), type, {
    timeOrigin: ORIGIN,
    ...options,
  });
  for (const item of items) writer.write(item);
  writer.close();
}

/** A directory with the data set; `options` for its log A. */
export function sampleDirectory(t: TestContext, options: WriteOptions = {}): string {
  const directory = folder(t);
  writeLog(directory, { type: "A", items: itemsOf("A"), ...options });
  writeLog(directory, { type: "B", items: itemsOf("B"), ...options });
  return directory;
}

/** A reader of the user's make, that counts how often it is read. */
export function listReader(items: readonly unknown[], onRead: () => void = () => {}): LogReader {
  let at = 0;
  return {
    read() {
      onRead();
      return at < items.length ? (items[at++] as LogItem) : null;
    },
    isDataPending: () => at < items.length,
    reset() {
      at = 0;
    },
  };
}

export const readAll = (reader: LogReader): LogItem[] => {
  const items: LogItem[] = [];
  for (let item = reader.read(); item !== null; item = reader.read()) items.push(item);
  return items;
};

/** Waits for something that another thread brings about. */
export async function until(condition: () => boolean, what = "the condition"): Promise<void> {
  const end = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`${what} did not come true in 20 s`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
