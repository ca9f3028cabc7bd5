import { clientNames } from "../../registry/pull-profile.ts";
import { givenNodeOptions } from "../cluster/given-nodes.ts";
import type { Option, OptionValues } from "../command.ts";
import { redactedAddresses } from "../config/redacted-arguments.ts";
import { uiOption } from "../live/ui-choice.ts";
import { metricsOptions } from "../metrics/metrics-options.ts";
import { resumeOption } from "../replay/replay-options.ts";
import { requestLogOptions } from "../replay/request-log.ts";
import { pullThresholdOption } from "./pull-thresholds.ts";

const text = (value: string, help: string) => ({ type: "string", value, help }) as const;
const may = (help: string) => ({ type: "boolean", help }) as const;

// No defaults here, but in settings.ts: a configuration file stands between the environment and them.
const original = {
  "pullthrough-url": text("URL", "the cache under test: host[:port] or a full URL (required)"),
  "registry-url": text(
    "URL",
    "the upstream, listed before the run: host[:port] or a full URL (required)",
  ),
  patterns: {
    type: "string",
    array: true,
    empty: true,
    value: "LIST",
    help: "regular expressions, separated by commas: a puller for each (required)",
  },
  "iteration-seconds": text("N", "length of a step (default 60)"),
  "tally-seconds": text("N", "interval of the tally (default 15)"),
  "metrics-file": { ...text("FILE", "tally lines; standard output if absent"), empty: true },
  "log-file": { ...text("FILE", "log lines; standard output if absent"), empty: true },
  filter: { ...text("REGEX", "keep the images whose REPOSITORY:TAG it matches"), empty: true },
  "dry-run": may("list and match, but pull and prune nothing"),
  prune: may("each puller prunes its pattern after each pass"),
  shuffle: may("each puller shuffles its list after each pass"),
} as const satisfies Record<string, Option>;

const choice = {
  pattern: {
    type: "string",
    array: true,
    value: "REGEX",
    help: "one expression, in which a comma is a comma",
  },
  match: {
    ...text("WHAT", "what patterns are matched on (default ref)"),
    choices: ["ref", "image"],
  },
  "namespace-form": {
    ...text("FORM", "how the upstream is named to the cache (default path)"),
    choices: ["path", "ns", "header", "none"],
  },
  namespace: text("NAME", "name of the upstream on the wire (default: host of --registry-url)"),
  platform: text("OS/ARCH", "what to take of an index, or all (default linux, as this machine)"),
  "all-tags": may("take all tags of a repository, where the first one listed is taken otherwise"),
  images: text("FILE", "images, one a line, instead of listing the upstream"),
  "concurrency-per-puller": text("C", "blobs of one pull at the same time (default 1)"),
  imitate: {
    ...text("CLIENT", "request order, Accept and parallelism of a well-known client"),
    choices: clientNames,
  },
  probe: {
    ...text("HOW", "first request of each puller (default head; ping when cold or in herds)"),
    choices: ["head", "ping", "none"],
  },
  follow: may(
    "fetch blobs that lie elsewhere from there (default); --no-follow: the redirect will do",
  ),
  verify: may("compute the digest of every blob"),
  save: text("DIR", "write what is pulled as an OCI image layout"),
} as const satisfies Record<string, Option>;

const course = {
  steps: text("SPEC", "updown, up, flat, 1,5,10 or 1@30s,10@2m (default updown)"),
  "step-settle": text("TIME", "beginning of each step that its figures leave out (default 0)"),
  herd: text("N", "N clients pull the same image at the same instant, again and again"),
  "herd-count": text("M", "herds (default: one for each image)"),
  "herd-gap": text("TIME", "pause between herds (default 0)"),
  "herd-connect": {
    ...text("HOW", "connections of a herd before its release (default warm)"),
    choices: ["warm", "cold"],
  },
  cold: may("a phase that begins with an empty cache and prunes"),
  warm: may("a phase behind an unmeasured pass over all images"),
  retry: text("N", "retries of a request inside a pull (default 0)"),
  "retry-backoff": text("TIME", "pause before the first retry, doubling (default 500ms)"),
  "error-backoff": text("MIN..MAX", "pause of a puller after a failed pull (default 1s..30s)"),
  "request-timeout": text("TIME", "without any byte (default 30s for the listing, 5m for pulls)"),
  "pull-timeout": text("TIME", "for a whole pull (default: none)"),
  "drain-seconds": text("N", "wait so long for pulls in progress at the end (default 30)"),
} as const satisfies Record<string, Option>;

const access = {
  ca: text("FILE", "certificate authority (PEM) to trust"),
  cert: text("FILE", "certificate (PEM) to show; with --key"),
  key: text("FILE", "its key (PEM)"),
  insecure: may("accept any certificate"),
  user: text("NAME", "user; with --password-stdin or --password-env"),
  "password-stdin": may("read the password from standard input"),
  "password-env": text("VAR", "environment variable that holds the password"),
  "token-env": text("VAR", "environment variable that holds a token"),
  "auth-file": text("FILE", "credentials in the form of docker's config.json"),
  "registry-ca": text("FILE", "as --ca, for the upstream"),
  "registry-cert": text("FILE", "as --cert, for the upstream"),
  "registry-key": text("FILE", "as --key, for the upstream"),
  "registry-insecure": may("as --insecure, for the upstream"),
  "registry-user": text("NAME", "as --user, for the upstream"),
  "registry-password-stdin": may("as --password-stdin, for the upstream"),
  "registry-password-env": text("VAR", "as --password-env, for the upstream"),
  "registry-token-env": text("VAR", "as --token-env, for the upstream"),
  "registry-auth-file": text("FILE", "as --auth-file, for the upstream"),
} as const satisfies Record<string, Option>;

const { default: _, ...whichRows } = requestLogOptions["log-requests"];
const { default: __, ...rowFormat } = requestLogOptions["log-format"];

const rest = {
  "server-metrics": text("URL", "counters of the cache: Prometheus text, or /debug/vars"),
  "upstream-stats": text("URL", "counters of an embedded upstream (default: asked for)"),
  workers: text("N", "request worker threads (default: cores, at most 4)"),
  results: text("DIR", "result files; a new directory below runs if absent"),
  "log-requests": whichRows,
  "log-format": rowFormat,
  ...givenNodeOptions,
  resume: {
    ...resumeOption.resume,
    help: "carry on a ramp over --nats whose master was killed: its id, or its run directory",
  },
  force: may("--results may be a directory with files in it"),
  "allow-failures": may("exit 0 although pulls failed"),
  seed: text("N", "seed of shuffling and jitter (default: random, and told)"),
  http2: may("speak HTTP/2 with the cache, over TLS"),
  config: {
    ...text("FILE", "values of these flags (YAML), for those not given"),
    alias: "i",
    holdsFlags: true,
  },
  list: may("print the images of each puller, and end"),
  demo: may("upstream, cache and images of our own: a short ramp with nothing installed"),
  ...pullThresholdOption,
  ...metricsOptions,
  ui: { type: "string", choices: uiOption.ui.choices, value: "MODE", help: uiOption.ui.help },
} as const satisfies Record<string, Option>;

export const pullOptions = { ...original, ...choice, ...course, ...access, ...rest } as const;

export type PullGiven = OptionValues<typeof pullOptions>;

/** The flags of the original driver, which the configuration block always shows. */
export const originalFlags: ReadonlySet<string> = new Set(Object.keys(original));

/** What is shown by its name alone, if at all. */
export const secretFlags: ReadonlySet<string> = new Set([
  "password-stdin",
  "registry-password-stdin",
]);

/** What was given as files and pages may hold it: without credentials in addresses; those of a file hide themselves. */
export const shownGiven = (given: PullGiven): PullGiven =>
  given.nats === undefined ? given : { ...given, nats: redactedAddresses(given.nats) };
