// Writers that are meant to be killed: append batches whose content follows from their number and print, after every commit,
// whose it was and how many are committed. Arguments: how many batches between commits, then a folder for each writer.
import { ArchiveReader } from "../../src/archive/archive-reader.ts";
import { ArchiveWriter } from "../../src/archive/archive-writer.ts";
import { bytes, millis } from "../../src/core/units.ts";

const [each = "7", ...folders] = process.argv.slice(2);

async function write(directory: string, index: number): Promise<never> {
  const writer = await ArchiveWriter.open({
    directory,
    source: { kind: "api", spec: [], host: "child" },
    imageBytes: bytes(20_000),
    rotateBytes: bytes(150_000),
    // So that it may die within an image or a new file, too.
    slice: millis(0),
  });
  let number = await nextNumber(directory, writer);
  for (;;) {
    for (let at = 0; at < Number(each); at++, number++)
      writer.append([
        { kind: "value", path: "/number", value: Buffer.from(String(number)) },
        { kind: "value", path: `/p${number % 13}`, value: Buffer.from(`${number} `.repeat(60)) },
      ]);
    await writer.commit();
    process.stdout.write(`${index} ${number}\n`);
  }
}

/** One more than the archive's last batch tells. */
async function nextNumber(directory: string, writer: ArchiveWriter): Promise<number> {
  const reader = await ArchiveReader.open(directory, { writer });
  const last = reader.last();
  if (last === null) return 0;
  for await (const { path, event } of (await reader.imageAt(last)).entries())
    if (path === "/number" && event?.kind === "value") return Number(event.value) + 1;
  return 0;
}

await Promise.all(folders.map(write));
