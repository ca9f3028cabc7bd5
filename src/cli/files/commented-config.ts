// Configurations to begin with, made from the tables that check them: every key with its sentence, those that one must
// think about filled in, the others commented out with their defaults.
import { stringify } from "yaml";
import * as z from "zod";
import type { Command, Option, OptionTable } from "../command.ts";
import { replaySchema } from "../config/replay-schema.ts";
import type { Mode } from "../config/schema-parts.ts";
import { isMapping, type Mapping } from "../config/values.ts";
import { fileKeys } from "../flag-file.ts";

type Node = {
  readonly description?: string;
  readonly modes?: readonly Mode[];
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
};

/** Values for keys that have no default, as they might be. */
const samples: Mapping = {
  "trace.limit": { type: "requests", amount: 1000 },
  "trace.window": { from: 0, to: 3600 },
  "trace.sample": { clients: 0.1 },
  "cluster.min": 2,
  "simulate.args": {},
  thresholds: ["errors.rate < 1%", "get-blob.response.p99 < 150ms"],
};

/** Of a replay in these modes. `filled` holds what is not commented out, in the shape of the file. */
export function replayText(modes: readonly Mode[], filled: Mapping): string {
  const root = z.toJSONSchema(replaySchema(modes.at(-1) ?? "run"), { io: "input" }) as Node;
  return section(root, { path: [], modes, filled }).join("\n").trimStart();
}

type Place = {
  readonly path: readonly string[];
  readonly modes: readonly Mode[];
  readonly filled: Mapping;
};

function section({ properties = {} }: Node, { path, modes, filled }: Place): string[] {
  const indent = "  ".repeat(path.length);
  return Object.entries(properties).flatMap(([key, node]) => {
    if (node.modes !== undefined && !node.modes.some((mode) => modes.includes(mode))) return [];
    const inner = [...path, key];
    const value = filled[key];
    const isSection = node.properties !== undefined && node.default !== undefined;
    const gap = path.length === 0 ? [""] : [];
    if (!isSection) return [...gap, `${indent}${line(inner, node, value)}`];
    const below = section(node, {
      path: inner,
      modes,
      filled: isMapping(value) ? value : {},
    });
    return below.length === 0 ? [] : [...gap, `${indent}${key}:`, ...below];
  });
}

function line(
  path: readonly string[],
  { description, default: preset }: Node,
  value: unknown,
): string {
  const key = path.at(-1) ?? "";
  const shown = value ?? samples[path.join(".")] ?? preset;
  const text = shown === undefined ? `${key}:` : `${key}: ${flow(shown)}`;
  return `${value === undefined ? "# " : ""}${text} # ${description ?? ""}`;
}

/** On one line. */
const flow = (value: unknown): string =>
  stringify(value, { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: false }).trim();

/** Of a file of flags. `filled` comes first. */
export function flagText(
  command: Pick<Command<OptionTable>, "options" | "positionals">,
  filled: Mapping,
): string {
  const keys = Object.entries(fileKeys(command)).filter(([, { help }]) => help !== "");
  const lines = keys.map(([key, option]) => ({ key, text: flagLine(key, option, filled[key]) }));
  const isFilled = ({ key }: { key: string }): boolean => filled[key] !== undefined;
  return [...lines.filter(isFilled), { text: "" }, ...lines.filter((each) => !isFilled(each))]
    .map(({ text }) => text)
    .join("\n");
}

function flagLine(
  key: string,
  { choices, default: preset, help, section, type }: Option,
  value: unknown,
): string {
  const shown = value ?? preset ?? section?.sample ?? (type === "boolean" ? false : undefined);
  const text = shown === undefined ? `${key}:` : `${key}: ${flow(shown)}`;
  const choice = choices === undefined ? "" : ` (one of ${choices.join(", ")})`;
  return `${value === undefined ? "# " : ""}${text} # ${help}${choice}`;
}
