import { outputFormats, sortOrders, traceVersions } from "../../extract/trace-plan.ts";
import type { OptionTable } from "../command.ts";
import { uiOption } from "../live/ui-choice.ts";
import { maskOptions } from "./mask-options.ts";

/** Common to everything that writes a table of events. */
export const extractOptions = {
  format: {
    type: "string",
    choices: traceVersions,
    default: "v0.2",
    help: "version of the trace format",
  },
  "output-format": {
    type: "string",
    choices: outputFormats,
    value: "FORMAT",
    help: "csv unless --jsons is given",
  },
  jsons: { type: "boolean", alias: "j", default: false, help: "JSON lines instead of CSV" },
  "csv-quoting": {
    type: "string",
    choices: ["minimal", "original"],
    default: "minimal",
    help: "original: no quotes in v0.2, so that a name with a comma breaks its row",
  },
  epoch: {
    type: "string",
    alias: "c",
    value: "TIME",
    help: "zero of the _SEC columns, UTC; 2015-09-17T00:00:00 unless the configuration says otherwise",
  },
  config: {
    type: "string",
    value: "FILE",
    help: "./starcompactor.config when it is there",
  },
  "memory-limit": {
    type: "string",
    default: "256MiB",
    value: "SIZE",
    help: "for sorting and for distinct values; what exceeds it goes to disk",
  },
  strict: {
    type: "boolean",
    default: false,
    help: "stop at the first input or row that would be skipped",
  },
  report: { type: "string", value: "FILE", help: "write the uniqueness and leak report" },
  "join-with": {
    type: "string",
    value: "TRACE",
    help: "tell which share of the instances' hosts a machine trace knows; the one of both that is not being written",
  },
  "dry-run": { type: "boolean", default: false, help: "check and print the plan, write nothing" },
  "keep-partial": {
    type: "boolean",
    default: false,
    help: "keep the unfinished file after an error",
  },
  verify: {
    type: "string",
    value: "MANIFEST",
    help: "write nothing; compare the hash of the result with the one of this manifest",
  },
  verbose: {
    type: "boolean",
    alias: "v",
    default: false,
    help: "tell what was read, input by input",
  },
  ...uiOption,
  debug: { type: "boolean", default: false, help: "statements and counts, never values" },
  ...maskOptions,
} as const satisfies OptionTable;

/** Of commands whose rows may be put in order here. */
export const sortOption = {
  sort: {
    type: "string",
    choices: sortOrders,
    default: "created",
    help: "order of the rows: created_at, START_TIME, id of action and event, or as they come",
  },
} as const satisfies OptionTable;
