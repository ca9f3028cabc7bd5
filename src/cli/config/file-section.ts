// A section of a file of flags, in a table of options. What checks it is loaded when a file has the section.
import type * as z from "zod";
import type { FileSection } from "../command.ts";

export const fileSection = <Table extends z.ZodType>(
  table: () => Promise<Table>,
  sample: z.input<Table>,
): FileSection<z.input<Table>, z.output<Table>> => ({
  async load() {
    const [{ sectionReader }, keys] = await Promise.all([import("./section-reader.ts"), table()]);
    return sectionReader(keys);
  },
  sample,
});
