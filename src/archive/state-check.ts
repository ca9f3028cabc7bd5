// The state of a file as a checksum per path, kept while walking over its records and held against every image in it.
import { crc32 } from "node:zlib";
import { EVENT_KIND_EXCHANGE, EventWalk } from "./event-block.ts";

export class StateCheck {
  /** By id; undefined: no event yet. */
  readonly #state = new Map<number, number>();
  #image: Map<number, number> | undefined;
  #nextPart = 0;
  /** Unknown at the beginning and after damage, until an image tells it. */
  #isKnown = false;

  /** Bytes were lost: what they changed is unknown. */
  forget(): void {
    this.#isKnown = false;
    this.#image = undefined;
  }

  batch(walk: EventWalk): void {
    if (walk.kind === EVENT_KIND_EXCHANGE) this.#state.delete(walk.id);
    else this.#state.set(walk.id, crc32(walk.raw));
  }

  /** A part of an image; once it is complete, what is wrong with it. */
  part(block: Buffer, { part, parts }: { part: number; parts: number }): string | undefined {
    if (part === 0) {
      this.#image = new Map();
      this.#nextPart = 0;
    }
    if (this.#image === undefined || part !== this.#nextPart) return undefined;
    const walk = new EventWalk(block);
    // Older files have exchanges in their images.
    while (walk.next())
      if (walk.kind !== EVENT_KIND_EXCHANGE) this.#image.set(walk.id, crc32(walk.raw));
    this.#nextPart++;
    return this.#nextPart === parts ? this.#compare(this.#image) : undefined;
  }

  #compare(image: Map<number, number>): string | undefined {
    const isEqual =
      image.size === this.#state.size &&
      [...image].every(([id, crc]) => this.#state.get(id) === crc);
    const wasKnown = this.#isKnown;
    this.#state.clear();
    for (const [id, crc] of image) this.#state.set(id, crc);
    this.#isKnown = true;
    this.#image = undefined;
    return isEqual || !wasKnown ? undefined : "an image differs from the batches before it";
  }
}
