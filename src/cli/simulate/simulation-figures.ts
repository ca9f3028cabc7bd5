import type { TraceAccount } from "../../trace/account.ts";
import { recordCounts } from "../replay/record-counts.ts";
import type { Plugin, SimulationResult } from "./messages.ts";

/** What a simulation leaves behind, besides what it printed itself. */
export type SimulationFigures = {
  /** As the user named it. */
  readonly name: string;
  readonly startedAt: number;
  readonly seconds: number;
  readonly ending: "finished" | "signal" | "failed";
  /** Null when the trace was not read to its end. */
  readonly account: TraceAccount | null;
  readonly result: SimulationResult;
};

/** The content of results.json, and of standard output under --json: docs/formats/simulation-results.schema.json. */
export const simulationResults = (figures: SimulationFigures) => ({
  $schema: "urn:drayage:schema:simulation-results:1",
  version: 1,
  simulation: figures.name,
  interrupted: figures.ending === "signal",
  failed: figures.ending === "failed",
  seconds: figures.seconds,
  records: figures.account === null ? null : recordCounts(figures.account),
  result: plainResult(figures.result),
});

export function plainResult(result: SimulationResult): unknown {
  switch (result.kind) {
    case "shipped":
      return result.figures;
    case "returned":
      return JSON.parse(result.json);
    case "nothing":
      return null;
    default:
      return result satisfies never;
  }
}

/** Word in messages: builtin:cache, or the file's path. */
export const pluginText = (plugin: Plugin): string =>
  plugin.kind === "shipped" ? `builtin:${plugin.name}` : plugin.path;
