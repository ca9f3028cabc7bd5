// The streams attached to one session.
import type { PathFilter } from "../../archive/event.ts";
import type { Image } from "../../archive/image.ts";
import { Attachment, type StreamSink } from "./attachment.ts";
import type { StreamItem } from "./stream-item.ts";

export type AudienceOptions = {
  readonly bufferBytes: number;
  /** The image at the session's position, of what passes both the session's filter and the given one; null = archive empty. */
  readonly imageOf: (filter: PathFilter | undefined) => Promise<Image | null>;
  /** Called whenever a stream has taken what it was behind with. */
  readonly onRoom: () => void;
};

export class Audience {
  readonly #options: AudienceOptions;
  readonly #attached = new Set<Attachment>();
  closedSlow = 0;

  constructor(options: AudienceOptions) {
    this.#options = options;
  }

  /** How many streams have somebody at their other end. */
  get size(): number {
    let streams = 0;
    for (const attachment of this.#attached) if (!attachment.isBroadcast) streams++;
    return streams;
  }

  /** Whether the slowest stream wants the others to wait. */
  get isFull(): boolean {
    for (const attachment of this.#attached) if (attachment.isFull) return true;
    return false;
  }

  /** The new stream gets `first`, then the image, then whatever is sent from now on. */
  attach(
    sink: StreamSink,
    { filter, first }: { filter: PathFilter | undefined; first: readonly StreamItem[] },
  ): Attachment {
    const { bufferBytes, onRoom, imageOf } = this.#options;
    const attachment = new Attachment({ sink, filter, bufferBytes, onRoom });
    this.#attached.add(attachment);
    for (const item of first) attachment.send(item);
    attachment.show(imageOf(filter));
    return attachment;
  }

  detach(attachment: Attachment): void {
    this.#attached.delete(attachment);
    attachment.close(undefined);
    this.#options.onRoom();
  }

  send(item: StreamItem): void {
    for (const attachment of this.#attached) attachment.send(item);
  }

  /** Sends all streams the image; resolves once the images are known, whoever still has to read them. */
  async show(): Promise<void> {
    const images = [...this.#attached].map((attachment) => {
      const image = this.#options.imageOf(attachment.filter);
      attachment.show(image);
      return image;
    });
    await Promise.allSettled(images);
  }

  /** Ends the streams that are further behind than their buffer. */
  closeSlow(): void {
    for (const attachment of this.#attached) {
      if (!attachment.isOverrun) continue;
      this.closedSlow++;
      this.#attached.delete(attachment);
      attachment.close({ type: "error", error: "slow consumer" }, "drop");
    }
  }

  close(reason: string): void {
    for (const attachment of this.#attached) attachment.close({ type: "end", reason });
    this.#attached.clear();
  }
}
