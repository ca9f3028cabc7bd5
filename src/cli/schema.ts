import { readdirSync, readFileSync } from "node:fs";
import { ExitCode } from "../core/exit-code.ts";
import type { Command } from "./command.ts";
import { fileKinds } from "./files/file-kinds.ts";
import type { JsonSchema } from "./files/json-schema.ts";
import { packageFile } from "./package-folder.ts";

const FORMATS = ["docs", "formats"] as const;
const SUFFIX = ".schema.json";

/** By name: of files that people write, made from the tables that check them; of files that drayage writes, as published. */
const schemas: ReadonlyMap<string, () => JsonSchema | Promise<JsonSchema>> = new Map([
  ...fileKinds
    .filter(({ name }) => name !== "warmup" && name !== "simulate")
    .map(({ name, schema }) => [name === "run" ? "config" : name, schema] as const),
  ...readdirSync(packageFile(...FORMATS))
    .filter((file) => file.endsWith(SUFFIX))
    .sort()
    .map((file) => [file.slice(0, -SUFFIX.length), () => stored(file)] as const),
]);

const stored = (file: string): JsonSchema =>
  JSON.parse(readFileSync(packageFile(...FORMATS, file), "utf8"));

export const schema: Command<Record<string, never>> = {
  name: "schema",
  summary: "print the JSON Schema of a file, for editors and checks",
  examples: [
    { type: "drayage schema", does: "which there are" },
    {
      type: "drayage schema config > drayage.schema.json",
      does: "completion and checks in an editor: see drayage init",
    },
    { type: "drayage schema results", does: "what results.json holds" },
  ],
  positionals: ["[NAME]"],
  words: { NAME: [...schemas.keys()] },
  options: {},
  async run(_, [name], { out }) {
    const made = await schemas.get(name ?? "")?.();
    const titles = async ([known, make]: readonly [
      string,
      () => JsonSchema | Promise<JsonSchema>,
    ]) => `${known}  ${String((await make()).title)}\n`;
    out.write(
      made === undefined
        ? (await Promise.all([...schemas].map(titles))).join("")
        : `${JSON.stringify(made, null, 2)}\n`,
    );
    return ExitCode.done;
  },
};
