import type { StreamLines } from "./stream-lines.ts";

/** So many times an image is asked for: then nobody is there who would send it. */
const ASKS_MAX = 4;

export type ImageWatch = {
  readonly lines: Pick<StreamLines, "isWaiting" | "imageMessages">;
  /** How long nothing of it may come; after every further request, that much longer. */
  readonly silenceMs: number;
  /** Whether the connection is lost: what is asked for then goes nowhere. */
  readonly isDown: () => boolean;
  readonly askAnew: () => void;
  readonly giveUp: () => void;
};

/**
 * Asks again for an image of which nothing comes any more: a shard may have ended before it sent its part, and then the image,
 * and all that is held behind it, would be waited for without end. Gives how to stop watching.
 */
export function watchImage({ lines, silenceMs, isDown, askAnew, giveUp }: ImageWatch): () => void {
  let [asked, seen] = [1, lines.imageMessages];
  const look = (): void => {
    const isComing = lines.imageMessages > seen || isDown();
    seen = lines.imageMessages;
    if (!lines.isWaiting) asked = 1;
    else if (!isComing) {
      if (asked === ASKS_MAX) {
        giveUp();
        return;
      }
      asked++;
      askAnew();
    }
    timer = setTimeout(look, silenceMs * asked);
  };
  let timer = setTimeout(look, silenceMs);
  return () => clearTimeout(timer);
}
