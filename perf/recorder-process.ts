// `drayage record` as its user starts and ends it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Resolves once it records; rejects with what it said if it ends before. */
export async function startRecorder(file: string, config: object): Promise<ChildProcess> {
  writeFileSync(file, JSON.stringify(config));
  const main = join(import.meta.dirname, "../src/main.ts");
  const child = spawn(process.execPath, [main, "record", "--config", file], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const lines = createInterface(child.stderr as NodeJS.ReadableStream);
    lines.on("line", (line) => {
      said.push(line);
      if (line.startsWith("recording ")) resolve();
    });
    lines.on("close", () => reject(new Error(`the recorder ended: ${said.join("; ")}`)));
  });
  return child;
}

/** Ends it by Ctrl-C. */
export async function endRecorder(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGINT");
  await ended;
}
