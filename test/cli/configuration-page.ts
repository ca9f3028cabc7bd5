import * as z from "zod";
import { replaySchema } from "../../src/cli/config/replay-schema.ts";

type Described = {
  readonly description?: string;
  readonly modes?: readonly string[];
  readonly default?: unknown;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Described[];
  readonly items?: Described;
  readonly properties?: Readonly<Record<string, Described>>;
};

/** The rows of the table in docs/configuration.md, as the schema has them. */
export function configurationRows(): string[] {
  const root = z.toJSONSchema(replaySchema("run"), { io: "input" }) as Described;
  return rowsBelow(root, "");
}

function rowsBelow(node: Described, prefix: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, inner]) => {
    const name = `${prefix}${key}`;
    const element = inner.items?.anyOf?.find(({ properties }) => properties !== undefined);
    const below =
      element === undefined ? rowsBelow(inner, `${name}.`) : rowsBelow(element, `${name}[].`);
    return inner.description === undefined ? below : [row(name, inner), ...below];
  });
}

function row(name: string, node: Described): string {
  const preset = node.default === undefined ? "" : `\`${JSON.stringify(node.default)}\``;
  const modes = node.modes?.length === 3 ? "all" : node.modes?.join(", ");
  return `| \`${name}\` | ${typeOf(node)} | ${preset} | ${modes} | ${node.description} |`;
}

function typeOf({ type, enum: words, const: word, anyOf, items, properties }: Described): string {
  if (words !== undefined) return words.map((value) => `\`${value}\``).join(" ");
  if (word !== undefined) return `\`${word}\``;
  if (anyOf?.some((form) => form.type === "boolean")) return "true or false";
  if (anyOf !== undefined) return anyOf.map(typeOf).join(" or ");
  if (items !== undefined) return "list";
  if (properties !== undefined) return "mapping";
  return { string: "text", object: "mapping", integer: "whole number" }[type ?? ""] ?? `${type}`;
}
