// A section of a file of flags, checked by the same table of keys as in a configuration.
import * as z from "zod";
import type { SectionReader } from "../command.ts";
import { KeyTree } from "./key-tree.ts";
import { mistakesOf } from "./mistake.ts";
import { withoutPrivateKeys } from "./values.ts";

export const sectionReader = <Table extends z.ZodType>(
  table: Table,
): SectionReader<z.output<Table>> => ({
  read(key, value) {
    const data = { [key]: withoutPrivateKeys(value) };
    const schema = z.strictObject({ [key]: table });
    const { success, data: read, error } = schema.safeParse(data);
    if (success) return { value: read[key] as z.output<Table> };
    return mistakesOf(error.issues, { data, keys: new KeyTree(schema) });
  },
  table,
});
