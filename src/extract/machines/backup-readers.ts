import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { type BackupContent, type BackupOptions, readBackup } from "./read-backup.ts";

// The build rewrites "./x.ts" in imports but not inside `new URL`, so the suffix follows this file's own.
const threadUrl = new URL(
  `./backup-thread${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`,
  import.meta.url,
);

/** Reads backups side by side and gives them back in their order. One worker is this thread itself. */
export async function* readBackups(
  paths: readonly string[],
  { workers, options }: { workers: number; options: BackupOptions },
): AsyncGenerator<BackupContent> {
  if (workers <= 1) {
    for (const path of paths) yield await readBackup(path, options);
    return;
  }
  const threads = Array.from(
    { length: workers },
    () => new Worker(threadUrl, { workerData: options }),
  );
  try {
    // Thread i reads every workers-th file, so nobody is ahead of the one whose turn it is by more than a file.
    const ask = (index: number): Promise<BackupContent> | undefined => {
      const path = paths[index];
      const thread = threads[index % workers];
      return path === undefined || thread === undefined ? undefined : readIn(thread, path);
    };
    const waiting = threads.map((_, index) => ask(index));
    // A thread that fails while another's file is awaited must not count as unhandled; its turn comes.
    const calm = (one: Promise<BackupContent> | undefined) => one?.catch(() => undefined);
    waiting.forEach(calm);
    for (const index of paths.keys()) {
      const content = await waiting[index % workers];
      const next = ask(index + workers);
      calm(next);
      waiting[index % workers] = next;
      if (content !== undefined) yield content;
    }
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
}

async function readIn(thread: Worker, path: string): Promise<BackupContent> {
  const answer = once(thread, "message") as Promise<[BackupContent]>;
  thread.postMessage(path);
  const [content] = await answer;
  return content;
}
