// From what was typed to what is meant, checked in the original driver's order: its own flags first, one complaint at a time.
import { randomInt } from "node:crypto";
import { availableParallelism, arch as machineArch } from "node:os";
import { UsageError } from "../../core/errors.ts";
import { type Re2Pattern, re2Pattern } from "../../core/re2-pattern.ts";
import { parseDuration, parseWait } from "../../embedded/quantity.ts";
import { readSchedule, type Schedule } from "../../pull/schedule.ts";
import {
  type ClientName,
  clientNames,
  clientProfiles,
  type PullProfile,
  plainProfile,
  retryRule,
} from "../../registry/pull-profile.ts";
import type { NamespaceForm, Platform, PullPlan } from "../../workers/pull-plan.ts";
import { wantedNodes } from "../cluster/given-nodes.ts";
import { type LoggedRequests, loggedRequests } from "../replay/request-log.ts";
import { splitPatterns } from "./pull-arguments.ts";
import { requireResumable } from "./pull-nodes.ts";
import type { PullGiven } from "./pull-options.ts";
import { type ServerAddress, serverAddress } from "./server-address.ts";

export type PullSettings = {
  readonly registry: ServerAddress;
  readonly cache: ServerAddress;
  readonly iterationMs: number;
  readonly tallyMs: number;
  readonly patterns: readonly Re2Pattern[];
  readonly filter: Re2Pattern | undefined;
  readonly matchOn: "ref" | "image";
  readonly form: NamespaceForm;
  readonly namespace: string;
  readonly platform: Platform | "all";
  readonly profile: PullProfile;
  readonly client: ClientName | undefined;
  readonly concurrency: number;
  readonly probe: PullPlan["probe"];
  readonly schedule: Schedule;
  readonly settleMs: number;
  readonly herd: HerdSettings | undefined;
  readonly errorBackoff: PullPlan["errorBackoff"];
  readonly requestMs: number;
  readonly listingMs: number;
  readonly pullMs: number;
  readonly drainMs: number;
  readonly workers: number;
  readonly seed: string;
  /** What --log-requests asks for. */
  readonly logged: LoggedRequests | undefined;
};

type HerdSettings = {
  readonly clients: number;
  readonly count: number | undefined;
  readonly gapMs: number;
  readonly connected: boolean;
};

const SECONDS_MAX = 10_000_000;
const CLIENTS_MAX = 100_000;
const CONCURRENCY_MAX = 256;
const WORKERS_DEFAULT_MAX = 4;
const WORKERS_MAX = 64;
const RETRIES_MAX = 100;

/** `usage` follows the complaints about flags that the original knows. */
export function pullSettings(given: PullGiven, usage: string): PullSettings {
  const originals = withUsage(usage, () => originalSettings(given));
  const profile = profileOf(given);
  const { patterns, registry } = originals;
  const concurrency =
    given["concurrency-per-puller"] === undefined
      ? profile.concurrency
      : whole(given["concurrency-per-puller"], "--concurrency-per-puller", [1, CONCURRENCY_MAX]);
  refuseContradictions(given, patterns);
  if (given.http2 === true && !originals.cache.origin.startsWith("https:"))
    throw new UsageError(
      `--http2 wants a cache that is spoken to over TLS: --pullthrough-url https://${originals.cache.host}`,
    );
  const lengthMs = (text: string): number => parseDuration(text, "--steps");
  return {
    ...originals,
    matchOn: given.match === "image" ? "image" : "ref",
    form: formOf(given["namespace-form"]),
    namespace: given.namespace ?? registry.host,
    platform: platformOf(given.platform),
    profile,
    client: clientNames.find((name) => name === given.imitate),
    concurrency,
    probe: probeOf(given),
    schedule: readSchedule({
      text: given.steps ?? "updown",
      patterns: patterns.length,
      stepMs: originals.iterationMs,
      parseLength: lengthMs,
    }),
    settleMs: Math.round(duration(given["step-settle"], "--step-settle", 0)),
    herd: herdOf(given),
    errorBackoff: backoffOf(given["error-backoff"] ?? "1s..30s"),
    requestMs: duration(given["request-timeout"], "--request-timeout", 300_000),
    listingMs: duration(given["request-timeout"], "--request-timeout", 30_000),
    pullMs: Math.round(duration(given["pull-timeout"], "--pull-timeout", 0)),
    drainMs: milliseconds(given["drain-seconds"] ?? "30", "--drain-seconds", 0),
    workers:
      given.workers === undefined
        ? Math.min(WORKERS_DEFAULT_MAX, availableParallelism())
        : whole(given.workers, "--workers", [1, WORKERS_MAX]),
    logged: loggedOf(given),
    seed: given.seed ?? String(randomInt(2 ** 32)),
  };
}

function withUsage<Result>(usage: string, check: () => Result): Result {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const [line = ""] = error.lines;
    const complaint = line.startsWith("Error: ") ? line : `Error: ${line}`;
    throw new UsageError([complaint, "", ...usage.trimEnd().split("\n")], { cause: error });
  }
}

function originalSettings(given: PullGiven) {
  const registryUrl = required(given["registry-url"], "--registry-url");
  const cacheUrl = required(given["pullthrough-url"], "--pullthrough-url");
  const registry = serverAddress(registryUrl, "--registry-url");
  const cache = serverAddress(cacheUrl, "--pullthrough-url");
  const iterationMs = milliseconds(given["iteration-seconds"] ?? "60", "--iteration-seconds", 1);
  const tallyMs = milliseconds(given["tally-seconds"] ?? "15", "--tally-seconds", 1);
  const texts = patternTexts(given);
  if (texts.length === 0) throw new UsageError("--patterns is required");
  const patterns = texts.map((text) => re2Pattern(text, "--patterns"));
  const { filter = "" } = given;
  return {
    registry,
    cache,
    iterationMs,
    tallyMs,
    patterns,
    filter: filter === "" ? undefined : re2Pattern(filter, "--filter"),
  };
}

/** On the command line both kinds have become one list already. */
function patternTexts({ pattern, patterns }: PullGiven): readonly string[] {
  const listed = patterns.flatMap(splitPatterns);
  return pattern.length > 0 ? pattern : listed;
}

function required(value: string | undefined, flag: string): string {
  if (value === undefined || value.trim() === "") throw new UsageError(`${flag} is required`);
  return value.trim();
}

/** Seconds as typed, fractions allowed, as whole milliseconds. */
function milliseconds(text: string, flag: string, least: number): number {
  const ms = /^(\d+(\.\d*)?|\.\d+)$/.test(text.trim()) ? Math.round(Number(text) * 1000) : -1;
  if (ms < least || ms > SECONDS_MAX * 1000)
    throw new UsageError(
      `${flag} wants seconds, a number from ${least / 1000} to 10 million, not "${text}"`,
    );
  return ms;
}

const duration = (text: string | undefined, flag: string, otherwise: number): number =>
  text === undefined ? otherwise : parseWait(text, flag);

function whole(text: string, flag: string, [least, most]: readonly [number, number]): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (value < least || value > most)
    throw new UsageError(`${flag} wants a whole number from ${least} to ${most}, not "${text}"`);
  return value;
}

function profileOf(given: PullGiven): PullProfile {
  const client = clientNames.find((name) => name === given.imitate);
  const base = client === undefined ? plainProfile : clientProfiles[client];
  if (given.retry === undefined && given["retry-backoff"] === undefined) return base;
  const times =
    given.retry === undefined ? base.retry.times : whole(given.retry, "--retry", [0, RETRIES_MAX]);
  return {
    ...base,
    retry: retryRule(times, duration(given["retry-backoff"], "--retry-backoff", 500)),
  };
}

function refuseContradictions(given: PullGiven, patterns: readonly Re2Pattern[]): void {
  if (wantedNodes(given) !== undefined && given.save !== undefined)
    throw new UsageError("--save writes on the machine that pulls: leave it or the nodes out");
  if (given.follow === false && (given.save !== undefined || given.verify === true))
    throw new UsageError(
      "--no-follow leaves blobs that lie elsewhere there: no --save, no --verify",
    );
  if (given.imitate !== undefined && given.probe !== undefined)
    throw new UsageError(
      "--imitate and --probe exclude each other: the client decides what it asks first",
    );
  if (given.herd !== undefined) refuseBesideHerds(given);
  requireResumable(given);
  if (given.prune === true || given.cold === true) refuseUnprunable(patterns);
}

function refuseBesideHerds(given: PullGiven): void {
  if (given.warm === true && given.cold === true)
    throw new UsageError("--herd goes with --cold or with --warm, not with both");
  if (given["dry-run"] === true)
    throw new UsageError(
      "--herd: a dry run has no herds; --list shows the images that they would pull",
    );
  const schedule = (["steps", "step-settle"] as const).find((name) => given[name] !== undefined);
  if (schedule !== undefined)
    throw new UsageError(`--herd takes the place of the schedule: leave --${schedule} out`);
}

/** Expressions that the server would read otherwise: it evaluates RE2, and takes a comma for the end of one. */
function refuseUnprunable(patterns: readonly Re2Pattern[]): void {
  const foreign = patterns.find((pattern) => pattern.foreign.length > 0);
  if (foreign !== undefined)
    throw new UsageError(
      `pattern "${foreign.text}" has a ${foreign.foreign[0]}, which the server that prunes by it does not know`,
    );
  const several = patterns.find(({ text }) => text.includes(","));
  if (several !== undefined)
    throw new UsageError(
      `pattern "${several.text}" has a comma, at which the server that prunes by it splits: write it without, such as xx?x? for x{1,3}`,
    );
}

function loggedOf(given: PullGiven): LoggedRequests | undefined {
  const { "log-requests": which = "none", "log-format": format = "ndjson" } = given;
  const logged = loggedRequests({ "log-requests": which, "log-format": format });
  if (logged === undefined) {
    if (given["log-format"] !== undefined)
      throw new UsageError("--log-format goes with --log-requests errors, sample:1% or all");
    return undefined;
  }
  if (wantedNodes(given) !== undefined)
    throw new UsageError("--log-requests writes where the pullers are: leave it or the nodes out");
  if (given["dry-run"] === true)
    throw new UsageError("--log-requests: a dry run sends no request, so leave one of them out");
  return logged;
}

const forms = ["path", "ns", "header", "none"] as const;
const formOf = (text: string | undefined): NamespaceForm =>
  forms.find((form) => form === text) ?? "path";

function probeOf({ probe, imitate, cold, herd }: PullGiven): PullPlan["probe"] {
  if (imitate !== undefined) return "none";
  const named = (["head", "ping", "none"] as const).find((kind) => kind === probe);
  return named ?? (cold === true || herd !== undefined ? "ping" : "head");
}

/** Names of Node for what images call otherwise. */
const architectures: Readonly<Record<string, string>> = {
  x64: "amd64",
  ia32: "386",
  ppc64: "ppc64le",
};

function platformOf(text: string | undefined): Platform | "all" {
  if (text === "all") return "all";
  const own = `linux/${architectures[machineArch()] ?? machineArch()}`;
  const [os = "", architecture = "", variant, ...more] = (text ?? own).split("/");
  if (os === "" || architecture === "" || variant === "" || more.length > 0)
    throw new UsageError(
      `--platform wants OS/ARCH[/VARIANT] such as linux/amd64, or all, not "${text}"`,
    );
  return { os, architecture, variant };
}

function backoffOf(text: string): PullPlan["errorBackoff"] {
  const [min = "", max = min, ...more] = text.split("..");
  const [minMs, maxMs] = [parseWait(min, "--error-backoff"), parseWait(max, "--error-backoff")];
  if (more.length > 0 || maxMs < minMs)
    throw new UsageError(`--error-backoff wants MIN..MAX such as 1s..30s, not "${text}"`);
  return { minMs, maxMs };
}

function herdOf(given: PullGiven): HerdSettings | undefined {
  const { herd, "herd-count": count, "herd-connect": connect } = given;
  if (herd === undefined) {
    const alone = (["herd-count", "herd-gap", "herd-connect"] as const).find(
      (name) => given[name] !== undefined,
    );
    if (alone !== undefined) throw new UsageError(`--${alone} goes with --herd N`);
    return undefined;
  }
  return {
    clients: whole(herd, "--herd", [1, CLIENTS_MAX]),
    count: count === undefined ? undefined : whole(count, "--herd-count", [1, 1_000_000]),
    gapMs: duration(given["herd-gap"], "--herd-gap", 0),
    connected: connect !== "cold",
  };
}
