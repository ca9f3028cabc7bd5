// A thread that reads backups. Reached by URL only, from backup-readers.ts.
//
//   --{ path }-->  read  --BackupContent-->
import { parentPort, workerData } from "node:worker_threads";
import { invariant } from "../../core/errors.ts";
import { type BackupOptions, readBackup } from "./read-backup.ts";

const port = parentPort;
invariant(port !== null, "backup-thread is started as a thread");
const options = workerData as BackupOptions;

port.on("message", (path: string) => {
  readBackup(path, options).then(
    (content) => port.postMessage(content),
    // Ends the thread; whoever waits for it gets the error.
    (error: unknown) =>
      setImmediate(() => {
        throw error;
      }),
  );
});
