// An archive in memory that behaves as the reader of a real one: cursors, images, growth. Files are of no matter here.
import type { ArchiveEvent, ArchiveItem, Batch, Gap, PathFilter } from "../../src/archive/event.ts";
import type { Image } from "../../src/archive/image.ts";
import { type Micros, micros } from "../../src/core/units.ts";
import type {
  PlaybackArchive,
  PlaybackCursor,
} from "../../src/playback/session/session-context.ts";

export const valueEvent = (path: string, text: string): ArchiveEvent => ({
  kind: "value",
  path,
  value: Buffer.from(text),
});

export class FakeArchive implements PlaybackArchive {
  readonly items: ArchiveItem[] = [];
  readonly #listeners = new Set<() => void>();
  refreshed = 0;
  /** What whoever waits for the next item gets, while it is set. */
  failure: Error | undefined;
  /** What whoever takes the next item gets, while it is set. */
  damage: Error | undefined;

  get #batches(): Batch[] {
    return this.items.filter((item) => item.kind === "batch");
  }

  append(stamp: number, events: readonly ArchiveEvent[]): void {
    this.items.push({ kind: "batch", stamp: micros(stamp), events });
    for (const listener of this.#listeners) listener();
  }

  gap(gap: Omit<Gap, "kind">): void {
    this.items.push({ kind: "gap", ...gap });
  }

  first(): Micros | null {
    return this.#batches[0]?.stamp ?? null;
  }

  last(): Micros | null {
    return this.#batches.at(-1)?.stamp ?? null;
  }

  firstOfAll(): Promise<Micros | null> {
    return Promise.resolve(this.first());
  }

  onGrowth(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  refresh(): Promise<void> {
    this.refreshed++;
    return Promise.resolve();
  }

  cursor(position: Micros, filter?: PathFilter): PlaybackCursor {
    const cursor = cursorOf(this.items, position, filter ?? { matches: () => true });
    const next = (): ReturnType<PlaybackCursor["next"]> =>
      this.failure === undefined ? cursor.next() : Promise.reject(this.failure);
    const take = (): ReturnType<PlaybackCursor["take"]> => {
      if (this.damage !== undefined) throw this.damage;
      return cursor.take();
    };
    return { ...cursor, next, take };
  }

  imageAt(stamp: Micros, filter: PathFilter = { matches: () => true }): Promise<Image> {
    const last = new Map<string, ArchiveEvent | null>();
    for (const batch of this.#batches) {
      for (const event of batch.events) {
        if (!filter.matches(event.path)) continue;
        last.set(event.path, batch.stamp <= stamp ? event : (last.get(event.path) ?? null));
      }
    }
    const entries = [...last].map(([path, event]) => ({ path, event }));
    return Promise.resolve({
      stamp,
      async *entries() {
        yield* entries;
      },
    });
  }
}

const stampOf = (item: ArchiveItem): Micros => (item.kind === "gap" ? item.from : item.stamp);

function cursorOf(
  items: readonly ArchiveItem[],
  start: Micros,
  filter: PathFilter,
): PlaybackCursor {
  let position = start;
  let at = items.findIndex((item) => stampOf(item) > start);
  if (at === -1) at = items.length;
  const passing = (item: ArchiveItem): ArchiveItem | null => {
    if (item.kind === "gap") return item;
    const events = item.events.filter(({ path }) => filter.matches(path));
    return events.length === 0 ? null : { ...item, events };
  };
  const take = (): ArchiveItem | null => {
    for (let item = items[at]; item !== undefined; item = items[at]) {
      at++;
      const passed = passing(item);
      if (passed === null) continue;
      if (passed.kind === "batch") position = passed.stamp;
      return passed;
    }
    return null;
  };
  const batches = (): Batch[] => items.filter((item): item is Batch => item.kind === "batch");
  return {
    take,
    isWaiting: false,
    ready: () => Promise.resolve(),
    next: () => Promise.resolve(take()),
    forward: (count) => {
      const later = batches().filter(({ stamp }) => stamp > position);
      position = later[Math.min(count, later.length) - 1]?.stamp ?? position;
      return Promise.resolve(position);
    },
    back: (count) => {
      const passed = batches().filter(({ stamp }) => stamp <= position);
      const first = batches()[0];
      const before = micros((first?.stamp ?? 0) - 1);
      position = passed[passed.length - count - 1]?.stamp ?? before;
      return Promise.resolve(position);
    },
    close: () => {},
  };
}
