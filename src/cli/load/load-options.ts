// The flags of `drayage load`.
import { pacingModes } from "../../pacing/wake-plan.ts";
import { givenNodeOptions } from "../cluster/given-nodes.ts";
import type { OptionTable, OptionValues } from "../command.ts";
import { ctlOption } from "../ctl/ctl-address.ts";
import { uiOption } from "../live/ui-choice.ts";
import { endOptions, resumeOption } from "../replay/replay-options.ts";
import { requestLogOptions } from "../replay/request-log.ts";
import { parseRate, parseSteps, secondsOf } from "./load-schedule.ts";

export const loadOptions = {
  config: {
    type: "string",
    alias: "i",
    holdsFlags: true,
    value: "FILE",
    help: "values of these flags and the url (YAML), for those not given",
  },
  rate: {
    type: "string",
    value: "RATE",
    check: (text, label) => void parseRate(text, label),
    help: "open loop: requests per second, 200/s or 1.5k/s",
  },
  steps: {
    type: "string",
    value: "STEPS",
    check: (text, label) => void parseSteps(text, label),
    help: "open loop: rates and ramps in turn, 100/s:10s,100/s..500/s:30s; each says how long it is",
  },
  poisson: {
    type: "boolean",
    default: false,
    help: "independent arrivals with the mean of --rate",
  },
  duration: {
    type: "string",
    value: "TIME",
    check: (text, label) => void secondsOf(text, label),
    help: "how long; 10s without it",
  },
  connections: {
    type: "number",
    integer: true,
    min: 1,
    max: 65_536,
    default: 64,
    value: "N",
    help: "requests under way at the same time, each on a connection of its own",
  },
  workers: {
    type: "number",
    integer: true,
    min: 1,
    max: 64,
    value: "N",
    help: "request worker threads; 1 unless there are cores and connections for more",
  },
  method: {
    type: "string",
    default: "GET",
    value: "METHOD",
    help: "GET, HEAD, DELETE or OPTIONS; PUT, POST or PATCH with --body",
  },
  body: {
    type: "string",
    value: "SIZE",
    help: "send a body of this size, 10MiB, made while it is sent, another one each time",
  },
  random: {
    type: "boolean",
    default: false,
    help: "bodies that cannot be compressed, instead of zeros behind a distinct beginning",
  },
  verify: {
    type: "boolean",
    default: false,
    help: "check the SHA-256 of every body against the digest that the URL ends with",
  },
  pacing: {
    type: "string",
    choices: pacingModes,
    value: "MODE",
    help: "how exactly due times are kept: economical, balanced or precise; chosen by rate and cores",
  },
  seed: { type: "string", default: "0", value: "TEXT", help: "seed of --poisson and of bodies" },
  ca: {
    type: "string",
    value: "FILE",
    help: "certificate authority to trust besides those of the system, PEM",
  },
  insecure: { type: "boolean", default: false, help: "accept any certificate" },
  ...givenNodeOptions,
  resume: {
    ...resumeOption.resume,
    help: "carry on a load over --nats whose master was killed: its id, or its run directory",
  },
  json: { type: "boolean", default: false, help: "print the summary as JSON" },
  ...uiOption,
  quiet: { type: "boolean", default: false, help: "print the summary and errors only" },
  ...endOptions,
  ...ctlOption,
  ...requestLogOptions,
} as const satisfies OptionTable;

export type GivenLoad = OptionValues<typeof loadOptions>;
