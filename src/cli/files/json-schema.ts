// JSON Schema of what people write, made from the tables that check it. Draft 2020-12.
import * as z from "zod";
import type { Command, Option, OptionTable } from "../command.ts";
import { fileKeys } from "../flag-file.ts";

const DRAFT = "https://json-schema.org/draft/2020-12/schema";

export type JsonSchema = { [keyword: string]: unknown };

type Heading = { readonly name: string; readonly title: string };

const headed = ({ name, title }: Heading, schema: JsonSchema): JsonSchema => {
  const { $schema: _, ...keywords } = schema;
  return { $schema: DRAFT, $id: `urn:drayage:schema:${name}:1`, title, ...keywords };
};

/**
 * Of a table of keys. What several keys say together, and what files and addresses must be, no schema can tell: that takes
 * `drayage validate`. `own`: keys that begin with `x-` are the user's.
 */
export const tableSchema = (
  table: z.ZodType,
  { own, ...heading }: Heading & { readonly own: boolean },
): JsonSchema =>
  headed(
    heading,
    z.toJSONSchema(table, {
      io: "input",
      override: ({ jsonSchema }) => published(jsonSchema, own),
    }) as JsonSchema,
  );

function published(node: JsonSchema, own: boolean): void {
  const { modes, description } = node;
  delete node.modes;
  if (Array.isArray(modes) && modes.length < 3)
    node.description = `${String(description)} For ${modes.join(" and ")}.`;
  if (node.type !== "object" || node.additionalProperties !== false) return;
  if (own) node.patternProperties = { "^x-": {} };
  // A section whose keys are all commented out is null in YAML, and means its defaults.
  if (isEmptyMapping(node.default)) node.type = ["object", "null"];
}

const isEmptyMapping = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.keys(value).length === 0;

/** Of a file of flags. */
export async function flagFileSchema(
  command: Pick<Command<OptionTable>, "options" | "positionals">,
  heading: Heading,
): Promise<JsonSchema> {
  const properties = Object.entries(fileKeys(command)).map(
    async ([key, option]) => [key, await optionSchema(option)] as const,
  );
  return headed(heading, {
    type: ["object", "null"],
    properties: Object.fromEntries(await Promise.all(properties)),
    patternProperties: { "^x-": {} },
    additionalProperties: false,
  });
}

async function optionSchema(option: Option): Promise<JsonSchema> {
  const { help, default: preset, array, section } = option;
  if (section !== undefined)
    return {
      description: help,
      anyOf: [sectionSchema((await section.load()).table), { type: "null" }],
    };
  const one = { anyOf: [valueSchema(option), { type: "null" }] };
  const many = { type: "array", items: valueSchema(option) };
  return {
    description: help,
    ...(preset === undefined ? {} : { default: preset }),
    anyOf: array === true ? [...one.anyOf, many] : one.anyOf,
  };
}

/** Which modes of a replay know a key says nothing here. */
function sectionSchema(table: z.ZodType): JsonSchema {
  const { $schema: _, ...keywords } = z.toJSONSchema(table, {
    io: "input",
    override: ({ jsonSchema }) => {
      delete jsonSchema.modes;
      published(jsonSchema, true);
    },
  });
  return keywords;
}

function valueSchema({ type, choices, min, max, integer }: Option): JsonSchema {
  switch (type) {
    case "section":
      return { type: "object" };
    case "boolean":
      return { type: "boolean" };
    case "number":
      return {
        type: integer === true ? "integer" : "number",
        ...(min === undefined ? {} : { minimum: min }),
        ...(max === undefined ? {} : { maximum: max }),
      };
    case "string":
      return choices === undefined ? { type: ["string", "number"] } : { enum: [...choices] };
    default:
      return type satisfies never;
  }
}
