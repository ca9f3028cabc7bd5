import * as z from "zod";

type SchemaNode = {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
};

/** Which keys there are, for suggestions. Read from the JSON Schema of the table, whose shape is a public format. */
export class KeyTree {
  readonly #schema: z.ZodType;
  #read: SchemaNode | undefined;

  constructor(schema: z.ZodType) {
    this.#schema = schema;
  }

  /** Made when somebody asks: files without mistakes never do, and it takes as long as to check them. */
  get #root(): SchemaNode {
    this.#read ??= z.toJSONSchema(this.#schema, { io: "input" }) as SchemaNode;
    return this.#read;
  }

  /** Keys of the mapping at `path`; none where there is no mapping of fixed keys. */
  below(path: readonly (string | number)[]): string[] {
    let node: SchemaNode | undefined = this.#root;
    for (const part of path) node = stepInto(node, part);
    return Object.keys(mappingForm(node)?.properties ?? {});
  }

  /** Full names of all keys whose last word is `word`. */
  called(word: string): string[] {
    return this.all().filter((name) => name.split(".").at(-1) === word);
  }

  /** Every key with the keys inside it, lists as `registry.0.url`. */
  all(): string[] {
    return namesBelow(this.#root, "");
  }

  /** Whether the key at `path` holds a mapping of fixed keys. */
  isSection(path: readonly (string | number)[]): boolean {
    return this.below(path).length > 0;
  }
}

function namesBelow(node: SchemaNode, prefix: string): string[] {
  return Object.entries(mappingForm(node)?.properties ?? {}).flatMap(([key, inner]) => {
    const name = `${prefix}${key}`;
    const nested = inner.items === undefined ? inner : inner.items;
    const below = inner.items === undefined ? `${name}.` : `${name}.0.`;
    return [name, ...namesBelow(nested, below)];
  });
}

function stepInto(node: SchemaNode | undefined, part: string | number): SchemaNode | undefined {
  const properties = mappingForm(node)?.properties;
  if (properties !== undefined)
    return Object.hasOwn(properties, part) ? properties[part] : undefined;
  return node?.items;
}

const mappingForm = (node: SchemaNode | undefined): SchemaNode | undefined =>
  node?.anyOf === undefined ? node : node.anyOf.find(({ properties }) => properties !== undefined);
