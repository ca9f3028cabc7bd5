// my.cnf: what MySQL's and MariaDB's own clients know about the server.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { messageOf, UsageError } from "../../core/errors.ts";

const KEYS = ["user", "password", "host", "port", "socket", "ssl-ca"] as const;
export type CnfKey = (typeof KEYS)[number];

/** Values of the group [client], each with the file that set it; later files win. */
export type ClientDefaults = {
  readonly values: Readonly<
    Partial<Record<CnfKey, { readonly value: string; readonly file: string }>>
  >;
  readonly warnings: readonly string[];
};

const WRITABLE_BY_ALL = 0o002;
const FILES_MAX = 100;

/** Reads the usual files, or only `defaultsFile`, or none. */
export function clientDefaults({
  defaultsFile,
  noDefaults,
  home = homedir(),
  global = ["/etc/my.cnf", "/etc/mysql/my.cnf"],
}: {
  defaultsFile: string | undefined;
  noDefaults: boolean;
  home?: string;
  global?: readonly string[];
}): ClientDefaults {
  const reading = new CnfReading();
  if (noDefaults) return reading;
  if (defaultsFile !== undefined) {
    if (!existsSync(defaultsFile))
      throw new UsageError(`${defaultsFile} (--defaults-file) does not exist`);
    reading.file(defaultsFile);
    return reading;
  }
  for (const path of [...global, join(home, ".my.cnf")]) if (existsSync(path)) reading.file(path);
  const login = join(home, ".mylogin.cnf");
  if (existsSync(login)) reading.warnings.push(`${login} is obfuscated and not read`);
  return reading;
}

class CnfReading implements ClientDefaults {
  readonly values: Partial<Record<CnfKey, { value: string; file: string }>> = {};
  readonly warnings: string[] = [];
  #files = 0;

  /** A file, then what it includes. */
  file(path: string): void {
    if (++this.#files > FILES_MAX)
      throw new UsageError(
        `${path}: over ${FILES_MAX} files are included; do they include each other?`,
      );
    const text = this.#text(path);
    if (text === undefined) return;
    let group = "";
    const included: string[] = [];
    for (const raw of text.split(/\r?\n/)) {
      const line = raw.trim();
      if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
      const head = /^\[([^\]]*)\]/.exec(line)?.[1];
      if (head !== undefined) group = head.trim();
      else if (line.startsWith("!")) included.push(...this.#included(line, path));
      else if (group === "client") this.#pair(line, path);
    }
    for (const each of included) this.file(each);
  }

  #text(path: string): string | undefined {
    try {
      if ((statSync(path).mode & WRITABLE_BY_ALL) !== 0) {
        this.warnings.push(`${path} is writable by everybody and not read: type chmod o-w ${path}`);
        return undefined;
      }
      return readFileSync(path, "utf8");
    } catch (error) {
      this.warnings.push(`${path} cannot be read: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** `!include FILE` and `!includedir FOLDER`, seen from the file that says it. */
  #included(line: string, from: string): string[] {
    const [, command, rest = ""] = /^!(include|includedir)\s+(.+)$/.exec(line) ?? [];
    const path = resolve(dirname(from), rest.trim());
    if (command === "include") return [path];
    if (command !== "includedir" || !existsSync(path)) return [];
    try {
      return readdirSync(path)
        .filter((name) => name.endsWith(".cnf"))
        .toSorted()
        .map((name) => join(path, name));
    } catch (error) {
      this.warnings.push(`${path} cannot be read: ${messageOf(error)}`);
      return [];
    }
  }

  #pair(line: string, file: string): void {
    const [, name = "", text = ""] = /^([^=\s]+)\s*=\s*(.*)$/.exec(line) ?? [];
    const key = KEYS.find((each) => each === name.replaceAll("_", "-"));
    if (key !== undefined) this.values[key] = { value: unquoted(text), file };
  }
}

/** Quotes around the value are dropped; outside of quotes # begins a comment. */
function unquoted(text: string): string {
  const quoted = /^(["'])(.*?)\1\s*(?:#.*)?$/.exec(text);
  return quoted?.[2] ?? text.replace(/#.*$/, "").trim();
}
