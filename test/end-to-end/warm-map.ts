// One warm-up for the places of a whole file: what `blobGets` asks for is the same blobs whatever its times and its length,
// and a warm-up is a process of its own.
import { blobGets, trace } from "./traced.ts";
import { Workplace } from "./workplace.ts";

/** Warms a registry up with the objects of `blobGets(count)`. The function gives a place the map of them. */
export async function warmMap(
  registry: string,
  count: number,
): Promise<(place: Workplace) => void> {
  const warm = new Workplace();
  try {
    warm.configure(trace(blobGets(count)), { registry: [registry] });
    await warm.warmup();
    const files = ["map.json", "map.json.meta.json"].map(
      (name) => [name, warm.text(name)] as const,
    );
    return (place) => {
      for (const [name, text] of files) place.write(name, text);
    };
  } finally {
    warm.leave();
  }
}
