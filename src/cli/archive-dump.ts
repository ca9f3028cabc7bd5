import { once } from "node:events";
import { ArchiveReader } from "../archive/archive-reader.ts";
import type { ArchiveItem } from "../archive/event.ts";
import { ExitCode } from "../core/exit-code.ts";
import { micros } from "../core/units.ts";
import { stampText } from "../playback/session/date-time.ts";
import { eventText, itemText, type PlayedEvent } from "../playback/session/stream-item.ts";
import { archivePlace } from "./archive/archive-place.ts";
import {
  type BatchSelection,
  batchSelection,
  selectedItems,
  selectionOptions,
} from "./archive/batch-selection.ts";
import type { Command, OptionValues } from "./command.ts";

const options = {
  ...selectionOptions,
  images: {
    type: "boolean",
    default: false,
    help: "before the batches, the last value of every path just before --from",
  },
  json: {
    type: "boolean",
    default: false,
    help: "a line of JSON per batch, as session attach prints them",
  },
} as const;

type Given = OptionValues<typeof options>;

export const archiveDump: Command<typeof options> = {
  name: "archive dump",
  summary: "print the batches of an archive as text or lines of JSON",
  examples: [
    { type: "drayage archive dump archive --filter '/v2/**'", does: "what was recorded below /v2" },
    {
      type: "drayage archive dump archive --from 2026-01-31T12:00:00Z --images --json",
      does: "the state at noon, then every batch, as data",
    },
  ],
  positionals: ["PATH"],
  options,
  async run(given, [path = "."], { out, err }) {
    const selection = batchSelection(given);
    archivePlace(path);
    const notice = (sentence: string): void => void err.write(`${sentence}\n`);
    const reader = await ArchiveReader.open(path, { onNotice: notice });
    let damaged = 0;
    try {
      if (given.images) await printImage(reader, { selection, given, out });
      for await (const item of selectedItems(reader, selection)) {
        if (item.kind === "gap" && item.why === "damage") damaged++;
        if (!out.write(given.json ? jsonLine(item) : textLines(item))) await once(out, "drain");
      }
    } finally {
      await reader.close();
    }
    return damaged > 0 ? ExitCode.archiveDamaged : ExitCode.done;
  },
};

async function printImage(
  reader: ArchiveReader,
  {
    selection,
    given,
    out,
  }: { selection: BatchSelection; given: Given; out: NodeJS.WritableStream },
): Promise<void> {
  const stamp = micros((selection.from ?? 1) - 1);
  const image = await reader.imageAt(stamp, selection.filter);
  const title = given.json ? "" : `image ${stampText(stamp)}\n`;
  out.write(title);
  for await (const { path, event } of image.entries()) {
    const played: PlayedEvent = event ?? { kind: "none", path };
    const line = given.json
      ? `${itemText({ type: "image", stamp, events: [played] })}\n`
      : `  ${eventText(played)}\n`;
    if (!out.write(line)) await once(out, "drain");
  }
}

const jsonLine = (item: ArchiveItem): string =>
  `${itemText(
    item.kind === "gap"
      ? { type: "gap", gap: item }
      : { type: "batch", stamp: item.stamp, events: item.events },
  )}\n`;

function textLines(item: ArchiveItem): string {
  if (item.kind === "gap") {
    const { from, to, dropped, why } = item;
    return `gap ${stampText(from)} to ${stampText(to)}: ${dropped} events dropped, ${why}\n`;
  }
  const events = item.events.map((event) => `  ${eventText(event)}\n`).join("");
  return `${stampText(item.stamp)} ${item.events.length} event${item.events.length === 1 ? "" : "s"}\n${events}`;
}
