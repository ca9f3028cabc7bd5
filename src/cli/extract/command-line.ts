/** Secrets, clear texts of masked fields, and names of machines and files, which a published manifest must not tell. */
const secretFlags: ReadonlySet<string> = new Set([
  ...["password", "salt", "hashed-masking-salt", "time-shift"],
  ...["exclude-user", "exclude-project", "db-user", "host", "socket"],
  ...["password-file", "salt-file", "key-file", "ssl-ca", "defaults-file", "config"],
  ...["backup-dir", "notifications", "images", "join-with"],
]);

/** The command as it could be typed again, for manifests: options that were given, secrets removed. */
export function commandLine(
  given: Readonly<Record<string, unknown>>,
  { verb, positionals }: { verb: string; positionals: readonly string[] },
): string[] {
  const flags = Object.entries(given).flatMap(([name, value]) => flagTexts(name, value));
  return ["drayage", ...verb.split(" "), ...flags, ...positionals];
}

function flagTexts(name: string, value: unknown): string[] {
  if (value === undefined || value === false) return [];
  if (value === true) return [`--${name}`];
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const shown = secretFlags.has(name) ? values.map(() => "[removed]") : values.map(String);
  return shown.map((text) => `--${name}=${text}`);
}
