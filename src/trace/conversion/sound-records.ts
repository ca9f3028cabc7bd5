import { statSync } from "node:fs";
import { RecordJudge } from "../info/record-judge.ts";
import type { Ledger } from "../ledger.ts";
import type { RawRecord } from "../raw-record.ts";
import { readTrace } from "../trace-reader.ts";

/** Told of reading, piece by piece. */
export type OnBytes = (progress: { readonly bytes: number; readonly bytesTotal: number }) => void;

type Reading = {
  readonly files: readonly string[];
  readonly ledger: Ledger;
  readonly signal: AbortSignal | undefined;
  /** A record that a replay could read; `raw` is borrowed until return. `file` is the index in `files`. */
  readonly onSound: (raw: RawRecord, judge: RecordJudge, file: number) => void;
  /** Bytes of all files that were read so far. */
  readonly onProgress?: OnBytes | undefined;
  /** Awaited between pieces of a file. */
  readonly onPiece?: () => Promise<void>;
};

/**
 * Reads files one after the other and hands on every record that a replay could read, of all methods. Broken records are
 * counted in the ledger, sound ones as `kept`.
 */
export async function readSound(reading: Reading): Promise<void> {
  const { files, ledger, signal, onSound, onPiece, onProgress } = reading;
  const sizes = files.map((file) => statSync(file).size);
  const bytesTotal = sizes.reduce((sum, size) => sum + size, 0);
  let bytesDone = 0;
  const judge = new RecordJudge(ledger);
  for (const [index, path] of files.entries()) {
    await readTrace(path, {
      sink: {
        take: (raw) => {
          if (!judge.read(raw, false)) return;
          ledger.account.kept++;
          onSound(raw, judge, index);
        },
        broken: (reason, place, message) => ledger.broken(reason, place, message),
      },
      allowUriList: false,
      signal,
      onFile: (file) => ledger.startFile(file),
      onChunk: (read) => {
        onProgress?.({ bytes: bytesDone + read, bytesTotal });
        return onPiece?.();
      },
    });
    bytesDone += sizes[index] ?? 0;
  }
}
