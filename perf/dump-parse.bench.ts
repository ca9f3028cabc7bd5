import { execFileSync } from "node:child_process";
import {
  closeSync,
  createReadStream,
  createWriteStream,
  openSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { backupBytes } from "../src/extract/machines/backup-bytes.ts";
import { type BackupContent, readBackup } from "../src/extract/machines/read-backup.ts";
import type { Bench, BenchResult } from "./bench.ts";
import { cpuSeconds, interleave, requireProgram, resultOf } from "./measure.ts";

const HOSTS = 600;
const TUPLES_PER_LINE = 4000;

/** A dump like Nova's: nearly all of it is instances, with some JSON in them. */
function writeDump(path: string, bytes: number): void {
  const file = openSync(path, "w");
  const names = Array.from({ length: HOSTS }, (_, i) => `c${i % 40}-${i}.example.org`);
  const nodes = names.map(
    (name, i) =>
      `(${i},'2015-01-01 00:00:00','2015-11-05 00:00:00',NULL,48,128536,156336,'${name}','${name}','{\\"vendor\\": \\"Intel\\", \\"features\\": [\\"pge\\", \\"avx\\"]}')`,
  );
  const services = names.map(
    (name, i) => `(${i},'2015-11-05 05:05:01','${name}','nova-compute',0)`,
  );
  writeSync(
    file,
    `CREATE TABLE compute_nodes (id int, created_at datetime, updated_at datetime, deleted_at datetime, vcpus int, memory_mb int, local_gb int, hypervisor_hostname varchar(255), host varchar(255), cpu_info text);
INSERT INTO compute_nodes VALUES ${nodes.join(",")};
`,
  );
  let id = 0;
  for (let written = 0; written < bytes; ) {
    const tuples = Array.from({ length: TUPLES_PER_LINE }, () => {
      id++;
      return `('2015-09-17 18:24:50',NULL,'2015-09-19 00:00:00',${id},'user-${id % 3000}','project-${id % 500}','vm-${id}',NULL,'c01-${id % 600}',4096,2,40,'a5846387-2fc7-40b9-9d44-${id.toString(16).padStart(12, "0")}','{\\"a\\": [1, 2, ${id}], \\"it\\'s\\": null}',0)`;
    });
    written += writeSync(file, `INSERT INTO \`instances\` VALUES ${tuples.join(",")};\n`);
  }
  writeSync(
    file,
    `CREATE TABLE services (id int, updated_at datetime, host varchar(255), \`binary\` varchar(255), disabled int);
INSERT INTO services VALUES ${services.join(",")};
`,
  );
  closeSync(file);
}

type Measured = { readonly seconds: number; readonly cpu: number };

async function measured(run: () => void | Promise<void>): Promise<Measured> {
  const [started, cpu] = [performance.now(), cpuSeconds()];
  await run();
  return { seconds: (performance.now() - started) / 1000, cpu: cpuSeconds() - cpu };
}

async function parse(path: string): Promise<void> {
  const content: BackupContent = await readBackup(path, { schemas: ["nova"], nodeJoin: "auto" });
  if (content.kind !== "read" || content.pairs.length !== HOSTS)
    throw new Error(`${path}: ${JSON.stringify(content).slice(0, 200)}`);
}

function count(command: string, path: string): void {
  const lines = Number(execFileSync("/bin/sh", ["-c", `${command} | wc -l`, "sh", path]));
  if (!(lines > 3)) throw new Error(`${command}: ${lines} lines`);
}

/** Without the program: seconds to unpack alone, of which parsing is a small part. */
async function unpackedInJavaScript(path: string): Promise<number> {
  const started = performance.now();
  for await (const piece of backupBytes(path, { bzip2Programs: [] })) void piece;
  return (performance.now() - started) / 1000;
}

export const bench: Bench = {
  name: "dump-parse",
  question: "How fast is a dump parsed, against unpacking it and counting its lines?",
  topology: `
    file --- [unpack] --- scanner ---> nodes and services
    file --- [unpack] --- wc -l -----> number of lines`,
  async run({ quick, tmp }): Promise<BenchResult[]> {
    const program = requireProgram("bzip2", "apt-get install bzip2");
    const plain = join(tmp, "dump.sql");
    writeDump(plain, quick ? 8e6 : 80e6);
    const [gzip, bzip2] = [`${plain}.gz`, `${plain}.bz2`];
    await pipeline(createReadStream(plain), createGzip(), createWriteStream(gzip));
    execFileSync("/bin/sh", ["-c", `"$1" -kf "$2"`, "sh", program, plain]);
    const megabytes = statSync(plain).size / 1e6;
    const runs: Record<string, Measured[]> = {};
    const variant =
      (name: string, run: () => void | Promise<void>) => async (): Promise<number> => {
        const one = await measured(run);
        runs[name] = [...(runs[name] ?? []), one];
        return one.seconds;
      };
    await interleave(quick ? 2 : 5, {
      plain: variant("plain", () => parse(plain)),
      plainLines: variant("plain, wc -l", () => count('cat "$1"', plain)),
      gzip: variant("gzip", () => parse(gzip)),
      gzipLines: variant("zcat, wc -l", () => count('zcat "$1"', gzip)),
      bzip2: variant("bzip2", () => parse(bzip2)),
      bzip2Lines: variant("bzip2 -dc, wc -l", () => count('bzip2 -dc "$1"', bzip2)),
    });
    // The first run of each is the uncounted one.
    const all = Object.entries(runs).map(([metric, each]) => [metric, each.slice(1)] as const);
    const ratio = (way: string, reference: string): BenchResult =>
      resultOf(
        { metric: `${way} over ${reference}`, unit: "x time" },
        (runs[way] ?? [])
          .slice(1)
          .map(
            ({ seconds }, round) => seconds / (runs[reference]?.[round + 1]?.seconds ?? Number.NaN),
          ),
      );
    const javascript = await unpackedInJavaScript(bzip2);
    return [
      ...all.flatMap(([metric, each]) => [
        resultOf(
          { metric, unit: "MB/s" },
          each.map(({ seconds }) => megabytes / seconds),
        ),
        resultOf(
          { metric, unit: "CPU s/GB" },
          each.map(({ cpu }) => (cpu * 1000) / megabytes),
        ),
      ]),
      ratio("gzip", "zcat, wc -l"),
      ratio("bzip2", "bzip2 -dc, wc -l"),
      resultOf({ metric: "bzip2 in JavaScript", unit: "MB/s" }, [megabytes / javascript]),
    ];
  },
};
