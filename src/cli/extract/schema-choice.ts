import { UsageError } from "../../core/errors.ts";
import type { SchemaChoice } from "../../extract/instances/instance-extraction.ts";
import type { TraceVersion } from "../../extract/trace-plan.ts";

type GivenSchemas = {
  readonly cells: string | undefined;
  readonly database: string | undefined;
  /** `--nova-databases`, and what the configuration file names. */
  readonly list: string | undefined;
  readonly configured: readonly string[] | undefined;
  readonly version: TraceVersion;
};

/** Which schemas of a server are read. UsageError for two ways of saying it. */
export function schemaChoice({
  cells,
  database,
  list,
  configured,
  version,
}: GivenSchemas): SchemaChoice {
  const ways = { "--database": database, "--nova-databases": list, "--cells": cells };
  const used = Object.entries(ways).filter(([, value]) => value !== undefined);
  if (used.length > 1)
    throw new UsageError(`${used.map(([name]) => name).join(" and ")} contradict each other`);
  if (cells !== undefined) return { kind: "cells" };
  const named = list
    ?.split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (named !== undefined) return chosen(named, "--nova-databases");
  if (database !== undefined || version === "v0.2")
    return chosen([database ?? "nova"], "--database");
  if (configured !== undefined) return chosen(configured, "default.nova_databases");
  return { ...chosen(["nova", "nova_cell0"], "--nova-databases"), optional: ["nova_cell0"] };
}

const chosen = (schemas: readonly string[], option: string) =>
  ({ kind: "named", schemas, optional: [], option }) as const;
