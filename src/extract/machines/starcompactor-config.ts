// starcompactor.config: where the backups lie, and how a rack is read from a host name. Keys and defaults are those of the
// original, of both of its versions.
import { readFileSync } from "node:fs";
import { messageOf, UsageError } from "../../core/errors.ts";
import { type Ini, parseIni } from "./ini.ts";
import { pythonRegex } from "./python-regex.ts";

export type StarcompactorConfig = {
  /** Empty: not configured. */
  readonly backupDir: string;
  readonly backupFileRegex: string;
  readonly rackRegex: RegExp | undefined;
  /** `undefined`: hosts have no rack. */
  readonly rackGroup: number | undefined;
  readonly filesPerProcess: number;
  /** As written; `undefined` if the file does not say. */
  readonly epoch: string | undefined;
  readonly novaDatabases: readonly string[] | undefined;
  readonly warnings: readonly string[];
};

const CONFIG_FILE = "starcompactor.config";

const HOSTNAME_REGEX = "(\\w\\d{2})-(\\d{2}).chameleon.tacc.utexas.edu";

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  default: ["epoch", "nova_databases"],
  backup: [
    "backup_dir",
    "backup_file_regex",
    "backup_file_reducable_prefix_len",
    "backup_file_reducable_suffix_len",
  ],
  rack: ["hypervisor_hostname_regex", "rack_extract_group"],
  kvm: ["hypervisor_hostname_regex", "rack_extract_group"],
  multithread: ["number_of_files_per_process"],
  baremetal: ["properties", "rack_property_name"],
};

/** Reads the file, or the one in the current folder if there is one. `path` must exist if it is given. */
export function readConfig(path: string | undefined): StarcompactorConfig {
  const file = path ?? CONFIG_FILE;
  try {
    return starcompactorConfig(parseIni(readFileSync(file, "utf8"), file), file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const absent = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (path === undefined && absent) return starcompactorConfig(new Map(), file);
    throw new UsageError(`cannot read ${file} (--config): ${messageOf(error)}`, { cause: error });
  }
}

function starcompactorConfig(ini: Ini, file: string): StarcompactorConfig {
  const value = (section: string, key: string) => ini.get(section)?.get(key);
  const rack = ini.has("kvm") ? "kvm" : "rack";
  const at = (section: string, key: string) => `${file}: ${section}.${key}`;
  const regex = value(rack, "hypervisor_hostname_regex") ?? HOSTNAME_REGEX;
  const databases = value("default", "nova_databases");
  const rackRegex =
    regex === "" ? undefined : pythonRegex(regex, at(rack, "hypervisor_hostname_regex"));
  const rackGroup = wholeNumber(value(rack, "rack_extract_group") ?? "1", {
    where: at(rack, "rack_extract_group"),
    min: 0,
  });
  requireGroup(rackRegex, rackGroup, at(rack, "rack_extract_group"));
  return {
    backupDir: value("backup", "backup_dir") ?? "",
    backupFileRegex:
      value("backup", "backup_file_regex") ?? "mysql_backup_(\\d{8})-(\\d{6}).sql.bz2",
    rackRegex,
    rackGroup,
    filesPerProcess:
      wholeNumber(value("multithread", "number_of_files_per_process") ?? "", {
        where: at("multithread", "number_of_files_per_process"),
        min: 1,
      }) ?? 30,
    epoch: value("default", "epoch"),
    novaDatabases: databases?.split(/[,\s]+/).filter((name) => name !== ""),
    warnings: unknownKeys(ini, file),
  };
}

/** A group that the regex lacks would put every host into the same rack. */
function requireGroup(regex: RegExp | undefined, group: number | undefined, where: string): void {
  if (regex === undefined || group === undefined) return;
  // With an empty alternative it matches anything, and tells how many groups it has.
  const groups = (new RegExp(`${regex.source}|`, regex.flags).exec("")?.length ?? 1) - 1;
  if (group > groups)
    throw new UsageError(
      `${where} is ${group}, and hypervisor_hostname_regex has ${groups === 1 ? "1 group" : `${groups} groups`} in parentheses`,
    );
}

function wholeNumber(
  text: string,
  { where, min }: { where: string; min: number },
): number | undefined {
  if (text === "") return undefined;
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < min)
    throw new UsageError(`${where} wants a whole number of at least ${min}, not "${text}"`);
  return number;
}

function unknownKeys(ini: Ini, file: string): string[] {
  return [...ini].flatMap(([section, values]) => {
    const keys = Object.hasOwn(KNOWN, section) ? KNOWN[section] : undefined;
    if (keys === undefined) return [`${file}: section [${section}] is not known and not read`];
    return [...values.keys()]
      .filter((key) => !keys.includes(key))
      .map((key) => `${file}: ${section}.${key} is not known and not read`);
  });
}
