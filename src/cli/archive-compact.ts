import { systemDisk } from "../archive/archive-disk.ts";
import { codecNames } from "../archive/codec.ts";
import { compact } from "../archive/compaction.ts";
import { UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import { parseSize } from "../embedded/quantity.ts";
import { archivePlace } from "./archive/archive-place.ts";
import type { Command } from "./command.ts";
import { ProgressLine } from "./live/progress-line.ts";
import { uiOption } from "./live/ui-choice.ts";

const options = {
  codec: {
    type: "string",
    choices: codecNames,
    default: "zstd",
    help: "how the new files are coded",
  },
  merge: {
    type: "string",
    value: "SIZE",
    default: "0",
    help: "put neighbours together up to this size, e.g. 1G; 0: every file stays one",
  },
  images: {
    type: "string",
    value: "BYTES",
    default: "64M",
    help: "an image after so many bytes; 0: one at the beginning of each file",
  },
  ...uiOption,
} as const;

export const archiveCompact: Command<typeof options> = {
  name: "archive compact",
  summary: "rewrite an archive's sealed files: smaller, fewer, with other images",
  examples: [
    { type: "drayage archive compact archive --codec zstd", does: "the same files, coded by zstd" },
    {
      type: "drayage archive compact archive --merge 1G --images 16M",
      does: "fewer files, and images that make seeking faster",
    },
  ],
  positionals: ["DIR"],
  options,
  async run(given, [path = "."], terminal) {
    const { out, err } = terminal;
    const line = new ProgressLine(terminal, given);
    const { folder, isFile } = archivePlace(path);
    // Neighbours may be put together, and the others would be a surprise.
    if (isFile) throw new UsageError(`${path} is a file: compact rewrites a folder, say ${folder}`);
    const done = await compact({
      disk: systemDisk,
      folder,
      codec: codecNames.find((name) => name === given.codec) ?? "zstd",
      mergeBytes: parseSize(given.merge, "--merge"),
      imageBytes: parseSize(given.images, "--images"),
      onNotice: (sentence) => {
        line.clear();
        err.write(`${sentence}\n`);
      },
      onProgress: (doing, at, total) => line.show({ doing, done: at, total, unit: "bytes" }),
    }).finally(() => line.end());
    for (const { from, to, bytesBefore, bytesAfter } of done)
      out.write(
        `${to}: ${from.length} file${from.length === 1 ? "" : "s"}, ${bytesBefore} B -> ${bytesAfter} B\n`,
      );
    if (done.length === 0) err.write("no sealed file to compact\n");
    return ExitCode.done;
  },
};
