// Opens an archive in a process of its own, walks over whole images, and says what that takes.
//
//   node --expose-gc archive-memory-reader.ts FOLDER SEEKS
//
// Prints three numbers: bytes that are held while an image is, above what the process held before; bytes resident at the most, above
// those before; paths of the last image.
import { ArchiveReader } from "../src/archive/archive-reader.ts";
import { random } from "../src/core/random.ts";
import { type Micros, micros } from "../src/core/units.ts";

const KIB = 1024;
const [folder = "", seeks = "1"] = process.argv.slice(2);

/** What is still referred to, in the heap and beside it. */
function heldBytes(): number {
  // Twice: buffers go with the objects that the first collection has found.
  for (let times = 0; times < 2; times++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const before = { held: heldBytes(), resident: process.memoryUsage.rss() };
const reader = await ArchiveReader.open(folder);
const [first, last] = [reader.first() as Micros, reader.last() as Micros];
const chance = random("memory");
let paths = 0;
let held = 0;
for (let seek = 0; seek < Number(seeks); seek++) {
  const position = micros(last - chance.integer(last - first + 1));
  const cursor = reader.cursor(position);
  cursor.take();
  const image = await reader.imageAt(position);
  paths = 0;
  for await (const _ of image.entries()) paths++;
  held = Math.max(held, heldBytes() - before.held);
  for await (const _ of image.entries()) break;
}
await reader.close();
console.log([held, process.resourceUsage().maxRSS * KIB - before.resident, paths].join(" "));
