// One attached stream: narrows what the session plays to the stream's filter, keeps its order while an image is on its way, and
// tells when its reader is too slow.
import type { PathFilter } from "../../archive/event.ts";
import type { Image } from "../../archive/image.ts";
import { eventWeight, itemWeight, type PlayedEvent, type StreamItem } from "./stream-item.ts";

/** Where the items of one stream go: an HTTP answer, or subjects of a message server. */
export interface StreamSink {
  /** Nobody knows who listens: such a stream is not counted, and keeps no session alive. */
  readonly isBroadcast?: true;
  send(item: StreamItem): void;
  /** Bytes sent that the network has not taken yet. */
  queued(): number;
  /** Sends a last item, if there is one, before everything that is queued is forgotten or sent, and ends the stream. */
  close(last: StreamItem | undefined, how: "flush" | "drop"): void;
}

/** Images above this come in parts. */
const PART_WEIGHT_MAX = 1 << 20;
/** A free run and the parts of images wait while so many bytes of a stream are on their way. */
const ROOM_BYTES = 1 << 20;

export type AttachmentOptions = {
  readonly sink: StreamSink;
  /** Narrows what the session lets through; undefined = all of it. */
  readonly filter: PathFilter | undefined;
  /** Bytes that a reader may be behind before it counts as too slow. */
  readonly bufferBytes: number;
  readonly onRoom: () => void;
};

type Waiting = StreamItem | { readonly type: "walk"; readonly image: Promise<Image | null> };

export class Attachment {
  readonly #options: AttachmentOptions;
  /** What has to wait behind an image. */
  readonly #waiting: Waiting[] = [];
  #waitingWeight = 0;
  #isWalking = false;
  #isClosed = false;
  #room: (() => void) | undefined;

  constructor(options: AttachmentOptions) {
    this.#options = options;
  }

  get filter(): PathFilter | undefined {
    return this.#options.filter;
  }

  get isBroadcast(): boolean {
    return this.#options.sink.isBroadcast === true;
  }

  /** Whether something that need not be in time had better wait. */
  get isFull(): boolean {
    return this.#isWalking || this.#options.sink.queued() > ROOM_BYTES;
  }

  /** Whether the reader is further behind than its buffer. */
  get isOverrun(): boolean {
    return this.#options.sink.queued() + this.#waitingWeight > this.#options.bufferBytes;
  }

  send(item: StreamItem): void {
    const narrowed = this.#narrowed(item);
    if (narrowed === undefined || this.#isClosed) return;
    if (!this.#isWalking) {
      this.#options.sink.send(narrowed);
      return;
    }
    this.#waiting.push(narrowed);
    this.#waitingWeight += itemWeight(narrowed);
  }

  /** Sends an image as soon as it is there; null = of an empty archive. What is sent later comes behind it. */
  show(image: Promise<Image | null>): void {
    if (this.#isClosed) return;
    this.#waiting.push({ type: "walk", image });
    if (!this.#isWalking) void this.#walk();
  }

  /** The adapter says that the network has taken something. */
  onRoom(): void {
    if (this.isBehind()) return;
    this.#room?.();
    this.#room = undefined;
    if (!this.isFull) this.#options.onRoom();
  }

  isBehind(): boolean {
    return this.#options.sink.queued() > ROOM_BYTES;
  }

  close(last: StreamItem | undefined, how: "flush" | "drop" = "flush"): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waiting.length = 0;
    this.#room?.();
    this.#options.sink.close(last, how);
  }

  #narrowed(item: StreamItem): StreamItem | undefined {
    const { filter } = this.#options;
    if (filter === undefined || item.type !== "batch") return item;
    const events = item.events.filter(({ path }) => filter.matches(path));
    if (events.length === item.events.length) return item;
    return events.length === 0 ? undefined : { ...item, events };
  }

  async #walk(): Promise<void> {
    this.#isWalking = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (next.type === "walk") await this.#sendImage(next.image);
      else {
        this.#waitingWeight -= itemWeight(next);
        this.#options.sink.send(next);
      }
    }
    this.#isWalking = false;
    if (!this.#isClosed && !this.isFull) this.#options.onRoom();
  }

  async #sendImage(promise: Promise<Image | null>): Promise<void> {
    try {
      const image = await promise;
      if (image === null) this.#sendUnlessClosed({ type: "image", stamp: null, events: [] });
      else await this.#sendParts(image);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#sendUnlessClosed({ type: "error", error: `no image: ${reason}` });
    }
  }

  #sendUnlessClosed(item: StreamItem): void {
    if (!this.#isClosed) this.#options.sink.send(item);
  }

  async #sendParts(image: Image): Promise<void> {
    const count = await partsOf(image);
    let index = 0;
    for await (const events of cutImage(image)) {
      await this.#untilRoom();
      if (this.#isClosed) return;
      const part = count > 1 ? { part: { index, count } } : {};
      this.#options.sink.send({ type: "image", stamp: image.stamp, events, ...part });
      index++;
    }
  }

  async #untilRoom(): Promise<void> {
    if (this.#isClosed || !this.isBehind()) return;
    await new Promise<void>((resolve) => {
      this.#room = resolve;
    });
  }
}

async function partsOf(image: Image): Promise<number> {
  let count = 0;
  for await (const _ of cutImage(image)) count++;
  return count;
}

/** Parts of about 1 MiB of JSON; at least one. The same cuts on every walk. */
async function* cutImage(image: Image): AsyncGenerator<readonly PlayedEvent[]> {
  let events: PlayedEvent[] = [];
  let weight = 0;
  for await (const { path, event } of image.entries()) {
    const played: PlayedEvent = event ?? { kind: "none", path };
    const own = eventWeight(played);
    if (events.length > 0 && weight + own > PART_WEIGHT_MAX) {
      yield events;
      events = [];
      weight = 0;
    }
    events.push(played);
    weight += own;
  }
  yield events;
}
