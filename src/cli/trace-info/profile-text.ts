import type { SynthProfile } from "../../trace/synth/profile.ts";

/** What no trace shows: how clients and pushes behave. */
const KEPT = ["parallel_layers", "unlimited_clients", "followed_pushes", "followed_within"];

/** A profile as YAML, keys as in docs/synthetic-traces.md. Every value is written in the part of YAML that is JSON. */
export function profileText(profile: Partial<SynthProfile>, command: string): string {
  const lines = Object.entries(profile).map(([key, value]) => `${snakeCase(key)}: ${flow(value)}`);
  const given = new Set(lines.map((line) => line.slice(0, line.indexOf(":"))));
  const absent = sections.filter((key) => !given.has(key));
  const head = [
    `# Measured by: ${command.replaceAll(/\s+/g, " ")}`,
    "# Use it with: drayage trace synth --profile THIS_FILE --out DIR --records N",
    `# Not in a trace, so the defaults hold: ${KEPT.join(", ")}`,
    ...(absent.length === 0
      ? []
      : [`# Not in this trace, so the defaults hold: ${absent.join(", ")}`]),
  ];
  return `${[...head, ...lines].join("\n")}\n`;
}

const sections = [
  "methods",
  "get_kinds",
  "blob_bytes",
  "manifest_bytes",
  "blob_popularity",
  "manifest_popularity",
  "latest_share",
  "blobs_per_name",
  "shared_blobs",
  "name_components",
  "requests_per_second",
  "diurnal",
  "weekend",
  "duration",
  "heads_of_layers",
  "clients",
  "hosts",
  "agentless",
] as const;

const snakeCase = (key: string): string =>
  key.replace(/[a-z][A-Z]/g, ([lower = "", upper = ""]) => `${lower}_${upper.toLowerCase()}`);

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, part]) => `${snakeCase(key)}: ${flow(part)}`);
  return `{${entries.join(", ")}}`;
}
