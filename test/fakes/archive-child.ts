// A writer that is meant to be killed: appends batches whose content follows from their number, and prints, after every
// commit, how many it has committed. Arguments: the folder, and how many batches between commits.
import { ArchiveWriter } from "../../src/archive/archive-writer.ts";
import { bytes } from "../../src/core/units.ts";

const [directory = "", each = "10"] = process.argv.slice(2);
const writer = await ArchiveWriter.open({
  directory,
  source: { kind: "api", spec: [], host: "child" },
  imageBytes: bytes(20_000),
  rotateBytes: bytes(150_000),
});
let number = writer.state().paths === 0 ? 0 : await countOf();
for (;;) {
  for (let at = 0; at < Number(each); at++, number++)
    writer.append([
      { kind: "value", path: "/number", value: Buffer.from(String(number)) },
      { kind: "value", path: `/p${number % 13}`, value: Buffer.from(`${number} `.repeat(60)) },
    ]);
  await writer.commit();
  process.stdout.write(`${number}\n`);
}

/** The number of the next batch: one more than the archive tells. */
async function countOf(): Promise<number> {
  const { ArchiveReader } = await import("../../src/archive/archive-reader.ts");
  const reader = await ArchiveReader.open(directory, { writer });
  const last = reader.last();
  if (last === null) return 0;
  for await (const { path, event } of (await reader.imageAt(last)).entries())
    if (path === "/number" && event?.kind === "value") return Number(event.value) + 1;
  return 0;
}
