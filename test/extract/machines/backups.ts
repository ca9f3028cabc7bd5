// Small dumps of Nova's tables for tests.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

const scratch = mkdtempSync(join(tmpdir(), "drayage-machines-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** An empty folder that is removed when the tests of the file have ended. */
export const folder = (): string => mkdtempSync(join(scratch, "case-"));

export type NodeRow = {
  readonly host: string | null;
  readonly created?: string | null;
  readonly updated?: string | null;
  readonly deleted?: string | null;
  readonly vcpus?: number;
  /** updated_at of the service; `undefined`: as updated. */
  readonly seen?: string | null;
  readonly disabled?: 0 | 1 | null;
};

const literal = (value: string | number | null): string =>
  typeof value === "string" ? `'${value}'` : String(value);

export const nodesTable =
  "CREATE TABLE `compute_nodes` (\n  `id` int NOT NULL,\n  `created_at` datetime,\n  `updated_at` datetime,\n  `deleted_at` datetime,\n  `vcpus` int,\n  `memory_mb` int,\n  `local_gb` int,\n  `hypervisor_hostname` varchar(255) DEFAULT NULL,\n  `host` varchar(255) DEFAULT NULL,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8;\n";
export const servicesTable =
  "CREATE TABLE `services` (\n  `id` int NOT NULL,\n  `updated_at` datetime,\n  `host` varchar(255),\n  `binary` varchar(255),\n  `disabled` tinyint(1),\n  KEY `h` (`host`)\n);\n";

/** A dump of both tables. */
export function dumpOf(rows: readonly NodeRow[]): string {
  const nodes = rows.map(
    ({ host, created = "2015-01-01 00:00:00", updated = null, deleted = null, vcpus = 8 }, id) =>
      `(${[id, created, updated, deleted, vcpus, 1000, 100, host, host].map(literal).join(",")})`,
  );
  const services = rows.map(
    ({ host, updated = null, seen = updated, disabled = 0 }, id) =>
      `(${[id, seen, host, "nova-compute", disabled].map(literal).join(",")})`,
  );
  return `-- MySQL dump 10.13\n${nodesTable}INSERT INTO \`compute_nodes\` VALUES ${nodes.join(",")};\n${servicesTable}INSERT INTO \`services\` VALUES ${services.join(",")};\n-- Dump completed on 2015-11-06  6:59:06\n`;
}

/** Writes a backup whose mtime is its date; `name` follows that date. */
export function writeBackup(
  dir: string,
  { date, content, name = ".sql.bz2" }: { date: string; content: string | Buffer; name?: string },
): string {
  const path = join(dir, `mysql_backup_${date.replaceAll("-", "")}-000000${name}`);
  writeFileSync(path, content);
  utimesSync(path, new Date(`${date}T00:00:00Z`), new Date(`${date}T00:00:00Z`));
  return path;
}
