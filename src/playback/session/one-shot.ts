// A query without a session: the image at one instant and the batches up to another, in one answer.
import type { PathFilter } from "../../archive/event.ts";
import { matchesAny } from "../../archive/glob.ts";
import type { Micros } from "../../core/units.ts";
import { NO_END, parseBound } from "./control-values.ts";
import { type Bounds, beforeAll, beginningOf } from "./range.ts";
import { Refusal } from "./refusal.ts";
import { named, objectOf, parseFilter } from "./session-arguments.ts";
import type { PlaybackArchive } from "./session-context.ts";
import { itemText, itemWeight, type PlayedEvent, type StreamItem } from "./stream-item.ts";

/** Of the answer, as JSON. */
const ANSWER_BYTES_MAX = 100 * 2 ** 20;
const AT_ONCE_MAX = 4;
const PAUSE_EVERY = 256;

export type OneShotAnswer = {
  readonly image: StreamItem;
  readonly batches: readonly StreamItem[];
  /** Of the image and of each batch. Made while the answer is collected, which may take long and gives others their turns. */
  readonly texts: readonly Buffer[];
};

/** As JSON in UTF-8, in pieces. */
export function oneShotText({ texts: [image, ...batches] }: OneShotAnswer): Buffer[] {
  const comma = Buffer.from(",");
  const items = batches.flatMap((batch, index) => (index === 0 ? [batch] : [comma, batch]));
  return [
    Buffer.from('{"image":'),
    image ?? Buffer.from("null"),
    Buffer.from(',"batches":['),
    ...items,
    Buffer.from("]}"),
  ];
}

type Query = Bounds & { readonly filter: PathFilter };

export class OneShots {
  readonly #archive: PlaybackArchive;
  readonly #wall: () => Micros;
  #running = 0;

  constructor({ archive, wall }: { archive: PlaybackArchive; wall: () => Micros }) {
    this.#archive = archive;
    this.#wall = wall;
  }

  /** `{start, end, filter}`, each of which may be missing; null = all of the archive. Throws a Refusal. */
  async answer(given: unknown): Promise<OneShotAnswer> {
    const query = this.#queryOf(given);
    if (this.#running >= AT_ONCE_MAX) {
      throw new Refusal("limit", `busy: ${AT_ONCE_MAX} queries are under way`);
    }
    this.#running++;
    try {
      return await this.#collect(query);
    } finally {
      this.#running--;
    }
  }

  #queryOf(given: unknown): Query {
    const args = objectOf(given, ["start", "end", "filter"]);
    const now = this.#wall();
    const start = named("start", () => parseBound(args.start ?? "unbounded", now));
    const end = named("end", () => parseBound(args.end ?? "unbounded", now));
    if (start !== null && end !== null && end <= start) {
      throw new Refusal("bad", "end must be later than start");
    }
    const globs = parseFilter(args.filter ?? ["/**"]);
    return { start, end, filter: { matches: (path: string) => matchesAny(globs, path) } };
  }

  async #collect({ start, end, filter }: Query): Promise<OneShotAnswer> {
    const position = start ?? (await beginningOf(this.#archive, { start, end }));
    let bytes = 0;
    const texts: Buffer[] = [];
    const counted = (item: StreamItem): StreamItem => {
      const text = itemText(item);
      texts.push(text);
      bytes += text.length;
      refuseAbove(bytes);
      return item;
    };
    const image = counted(await this.#image(position, filter));
    const batches: StreamItem[] = [];
    const cursor = this.#archive.cursor(position ?? beforeAll({ start, end }), filter);
    try {
      for (let item = await cursor.next(); item !== null; item = await cursor.next()) {
        if ((item.kind === "gap" ? item.from : item.stamp) > (end ?? NO_END)) break;
        batches.push(
          counted(item.kind === "gap" ? { type: "gap", gap: item } : { type: "batch", ...item }),
        );
        if (batches.length % PAUSE_EVERY === 0) await new Promise((turn) => setImmediate(turn));
      }
    } finally {
      cursor.close();
    }
    return { image, batches, texts };
  }

  async #image(stamp: Micros | null, filter: PathFilter): Promise<StreamItem> {
    if (stamp === null) return { type: "image", stamp, events: [] };
    const events: PlayedEvent[] = [];
    const image = await this.#archive.imageAt(stamp, filter);
    let weight = 0;
    for await (const { path, event } of image.entries()) {
      const played: PlayedEvent = event ?? { kind: "none", path };
      events.push(played);
      weight += itemWeight({ type: "image", stamp, events: [played] });
      refuseAbove(weight);
    }
    return { type: "image", stamp, events };
  }
}

function refuseAbove(bytes: number): void {
  if (bytes > ANSWER_BYTES_MAX) throw new Refusal("too-large", "too large: more than 100 MiB");
}
