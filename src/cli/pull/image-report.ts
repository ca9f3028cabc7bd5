import { fullReference, type Selection } from "../../pull/selection.ts";
import type { Terminal } from "../command.ts";
import type { PullSettings } from "./pull-settings.ts";

/** `--list`: the images of each puller and how many there are. */
export function printList(
  { patterns, cache, namespace }: PullSettings,
  { images, matches }: Selection,
  { out }: Terminal,
): void {
  patterns.forEach(({ text }, puller) => {
    const own = matches[puller] ?? [];
    out.write(`test #${puller} with filter ${text}: ${own.length} images\n`);
    for (const index of own) {
      const image = images[index];
      if (image !== undefined)
        out.write(`  ${fullReference(image, { pullthroughHost: cache.host, namespace })}\n`);
    }
  });
}
