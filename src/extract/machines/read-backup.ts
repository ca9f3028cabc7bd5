import { readTime } from "../event-time.ts";
import type { EventTime } from "../nova-event.ts";
import { backupBytes } from "./backup-bytes.ts";
import { DumpFault } from "./dump-fault.ts";
import { DumpReader } from "./dump-reader.ts";
import { type JoinedNodes, joinNodes, type NodeJoin, nodeTables } from "./node-pairs.ts";

export type BackupOptions = {
  /** Schemas of Nova. */
  readonly schemas: readonly string[];
  readonly nodeJoin: NodeJoin;
};

/** What a backup says, or why it says nothing. Plain data: it may come from another thread. */
export type BackupContent =
  | (JoinedNodes & {
      readonly kind: "read";
      /** From the last line of the dump. */
      readonly completed: EventTime | undefined;
      readonly unpackedBytes: number;
    })
  | { readonly kind: "fault"; readonly reason: string };

export async function readBackup(path: string, options: BackupOptions): Promise<BackupContent> {
  try {
    const reader = new DumpReader({ wanted: nodeTables, schemas: options.schemas });
    let unpackedBytes = 0;
    for await (const piece of backupBytes(path)) {
      reader.write(piece);
      unpackedBytes += piece.length;
    }
    const content = reader.end();
    return {
      kind: "read",
      ...joinNodes(content, options.nodeJoin),
      completed: readTime(content.completed?.replace(/ +/, " ").replace(/ (\d):/, " 0$1:") ?? ""),
      unpackedBytes,
    };
  } catch (error) {
    if (!(error instanceof DumpFault)) throw error;
    return { kind: "fault", reason: error.message };
  }
}
