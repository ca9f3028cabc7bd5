import { basename } from "node:path";

/** Secrets, clear texts of masked fields, and names of machines and files, which a published manifest must not tell. */
const secretFlags: ReadonlySet<string> = new Set([
  ...["password", "salt", "hashed-masking-salt", "time-shift"],
  ...["exclude-user", "exclude-project", "db-user", "host", "socket"],
  ...["password-file", "salt-file", "key-file", "ssl-ca", "defaults-file", "config"],
  ...[
    "backup-dir",
    "backup-file-regex",
    "notifications",
    "images",
    "join-with",
    "report",
    "verify",
  ],
]);

/** Bounds of times in the source: beside the moved times of the trace they would tell by how much these were moved. */
const sourceTimes: ReadonlySet<string> = new Set(["start", "end"]);

type Given = Readonly<Record<string, unknown>>;

/** The command as it could be typed again, for manifests: options that were given, secrets and folders removed. */
export function commandLine(
  given: Given,
  { verb, positionals }: { verb: string; positionals: readonly string[] },
): string[] {
  const isMoved = given["time-shift"] !== undefined || given.time === "relative";
  const isSecret = (name: string): boolean =>
    secretFlags.has(name) || (isMoved && sourceTimes.has(name));
  const flags = Object.entries(given).flatMap(([name, value]) =>
    flagTexts(name, value, isSecret(name)),
  );
  const outputs = positionals.map((path) => basename(path));
  return ["drayage", ...verb.split(" "), ...flags, ...outputs];
}

function flagTexts(name: string, value: unknown, isSecret: boolean): string[] {
  if (value === undefined || value === false) return [];
  if (value === true) return [`--${name}`];
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const shown = isSecret
    ? values.map(() => "[removed]")
    : values.map((each) => withoutFolder(name, String(each)));
  return shown.map((text) => `--${name}=${text}`);
}

function withoutFolder(name: string, text: string): string {
  if (name === "out") return basename(text);
  return name === "image-rule" ? text.replace(/^map:.*/s, "map:[removed]") : text;
}
