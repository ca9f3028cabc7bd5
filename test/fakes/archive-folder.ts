import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { ArchiveReader, type ArchiveReaderOptions } from "../../src/archive/archive-reader.ts";
import { ArchiveWriter } from "../../src/archive/archive-writer.ts";
import type { ArchiveEvent, ArchiveItem, Batch } from "../../src/archive/event.ts";
import type { ArchiveWriterOptions } from "../../src/archive/writer-options.ts";
import { type Micros, micros } from "../../src/core/units.ts";

export const BEGINNING = micros(0);

/** A folder for one archive, gone after the test. */
export function archiveFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "drayage-archive-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export type OpenWriter = Partial<ArchiveWriterOptions> & { readonly directory: string };

/** A writer that the test may close itself; what it notices is in `notices`. */
export async function openWriter(
  t: TestContext,
  options: OpenWriter,
): Promise<{ writer: ArchiveWriter; notices: string[] }> {
  const notices: string[] = [];
  const writer = await ArchiveWriter.open({
    source: { kind: "api", spec: ["/**"], host: "test" },
    onNotice: (sentence) => notices.push(sentence),
    ...options,
  });
  t.after(() => writer.close());
  return { writer, notices };
}

export async function openReader(
  t: TestContext,
  path: string,
  options: ArchiveReaderOptions = {},
): Promise<ArchiveReader> {
  const reader = await ArchiveReader.open(path, options);
  t.after(() => reader.close());
  return reader;
}

export const value = (path: string, text: string): ArchiveEvent => ({
  kind: "value",
  path,
  value: Buffer.from(text),
});

export function appended(writer: ArchiveWriter, events: readonly ArchiveEvent[]): Batch {
  const stamp = writer.append(events);
  assert.ok(stamp !== null, "recording has stopped");
  return { kind: "batch", stamp, events };
}

/** Everything behind a position, gaps too. */
export async function itemsOf(
  reader: ArchiveReader,
  position: Micros = BEGINNING,
): Promise<ArchiveItem[]> {
  const cursor = reader.cursor(position);
  const items: ArchiveItem[] = [];
  for (let item = await cursor.next(); item !== null; item = await cursor.next()) items.push(item);
  cursor.close();
  return items;
}

/** The image at a position as a table of texts. */
export async function imageOf(
  reader: ArchiveReader,
  position: Micros,
): Promise<Map<string, string>> {
  const image = new Map<string, string>();
  for await (const { path, event } of (await reader.imageAt(position)).entries()) {
    assert.ok(!image.has(path), `${path} came twice`);
    image.set(path, event === null ? "none" : eventText(event));
  }
  return image;
}

export function eventText(event: ArchiveEvent): string {
  switch (event.kind) {
    case "removed":
    case "null":
      return event.kind;
    case "value":
      return `value ${Buffer.from(event.value).toString("hex")}`;
    case "message":
      return `message ${Buffer.from(event.headers).toString("hex")} ${Buffer.from(event.value).toString("hex")}`;
    case "exchange":
    case "json":
      return `${event.kind} ${Buffer.from(event.json).toString("hex")}`;
    default:
      return event satisfies never;
  }
}

/** A batch or gap in a form that compares well. */
export const plain = (item: ArchiveItem): unknown =>
  item.kind === "gap"
    ? item
    : { stamp: item.stamp, events: item.events.map((event) => [event.path, eventText(event)]) };
