import { type Bytes, type Micros, micros } from "../../core/units.ts";
import { StorageError } from "../archive-errors.ts";
import { ArchiveWriter } from "../archive-writer.ts";
import type { CodecName } from "../codec.ts";
import type { ArchiveEvent, ArchiveItem } from "../event.ts";

export type ImportPlan = {
  /** Made if it is missing; must hold no archive. */
  readonly directory: string;
  readonly codec: CodecName;
  /** A new file once one has so many bytes; 0: one file. */
  readonly rotateBytes: Bytes;
  readonly onNotice: (sentence: string) => void;
};

export type Imported = {
  readonly batches: number;
  readonly events: number;
  readonly gaps: number;
  /** Batches whose stamp was not after the one before: it was made one microsecond later than that. */
  readonly moved: number;
};

/** Writes batches into a new archive; stamps are kept, and made strictly increasing. StorageError where the disk refuses. */
export async function importArchive(
  items: AsyncIterable<ArchiveItem>,
  { directory, codec, rotateBytes, onNotice }: ImportPlan,
): Promise<Imported> {
  const counts = { batches: 0, events: 0, gaps: 0, moved: 0 };
  // The archive's clock stands at the stamp of the batch at hand, so the writer gives that stamp or the next free one.
  let now: Micros = micros(0);
  const clock = { wall: () => now, mono: () => now };
  const source = { kind: "import", spec: [], host: "" } as const;
  let writer: ArchiveWriter | undefined;
  try {
    for await (const item of items) {
      const stamp = item.kind === "batch" ? item.stamp : item.from;
      // The file's own first records come before.
      if (writer === undefined) now = micros(stamp - 1);
      writer ??= await ArchiveWriter.open({
        directory,
        source,
        codec,
        rotateBytes,
        onNotice,
        clock,
      });
      now = stamp;
      if (item.kind === "gap") {
        writer.gap(item);
        counts.gaps++;
        continue;
      }
      const given = writer.append(item.events);
      if (given === null) break;
      if (given !== item.stamp) counts.moved++;
      counts.batches++;
      counts.events += item.events.length;
      await writer.room();
    }
  } finally {
    await writer?.close();
  }
  const failure = writer?.state().failure ?? null;
  if (failure !== null) throw new StorageError(`the archive is not complete: ${failure}`);
  return counts;
}

/** Neighbours with one stamp become one batch. */
export class BatchGroups {
  #stamp: Micros | undefined;
  #events: ArchiveEvent[] = [];

  /** The batch that is complete now that an event of another stamp has come. */
  add(stamp: Micros, event: ArchiveEvent): ArchiveItem | undefined {
    const done = stamp === this.#stamp ? undefined : this.take();
    this.#stamp = stamp;
    this.#events.push(event);
    return done;
  }

  /** What is left. */
  take(): ArchiveItem | undefined {
    const [stamp, events] = [this.#stamp, this.#events];
    if (stamp === undefined || events.length === 0) return undefined;
    this.#events = [];
    this.#stamp = undefined;
    return { kind: "batch", stamp, events };
  }
}
