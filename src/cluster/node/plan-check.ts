// What a node looks at before it says that it is ready. Everything that is wrong becomes a refusal with a sentence.
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { connect } from "node:net";
import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { ClientSpec, EndpointSpec } from "../../registry/client-spec.ts";
import { requireReachable } from "../../registry/reachable.ts";
import type { PullPlan } from "../../workers/pull-plan.ts";
import type { NodePlan, SharedFile } from "../node-plan.ts";
import type { PlanMessage, PullPlanMessage, Refuse } from "../protocol/message.ts";
import { withSecretsOf } from "../secrets.ts";

export type PlanSurroundings = {
  readonly version: string;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
};

const CONNECT_MS_MAX = 10_000;
const READ_BYTES = 1024 * 1024;

type Refused = { readonly refusal: Refuse };
/** What became of a plan: the client with its secrets, or why this node does not take part. */
type Checked = { readonly client: ClientSpec } | Refused;

const refuse = (reason: Refuse["reason"], sentence: string): Refused => ({
  refusal: { type: "refuse", reason, sentence },
});

export async function checkPlan(
  { plan, version }: PlanMessage,
  here: PlanSurroundings,
): Promise<Checked> {
  if (version !== here.version) return otherVersion(here.version, version);
  const client = withSecrets(plan, here.env);
  if (typeof client === "string") return refuse("credentials", client);
  for (const file of plan.files) {
    const different = await fileDifference(file);
    if (different !== undefined) return different;
  }
  const unreachable = await firstUnreachable({ ...plan, client }, here.clock);
  return unreachable === undefined ? { client } : refuse("unreachable", unreachable);
}

const otherVersion = (here: string, there: string): Refused =>
  refuse("version", `it runs drayage ${here}, the master ${there}: install the same on both`);

/** The same for pullers: the cache must take a connection. */
export async function checkPullPlan(
  { plan: { pull, secretsWithheld }, version }: PullPlanMessage,
  here: PlanSurroundings,
): Promise<{ readonly pull: PullPlan } | Refused> {
  if (version !== here.version) return otherVersion(here.version, version);
  const { endpoint } = pull.wire;
  const filled = secretsWithheld ? withSecretsOf(here.env, [endpoint]) : [endpoint];
  if (typeof filled === "string") return refuse("credentials", filled);
  const [known = endpoint] = filled;
  try {
    if (!pull.dryRun) await requireConnection(endpoint.origin);
  } catch (error) {
    return refuse("unreachable", `it cannot reach ${messageOf(error)}`);
  }
  return { pull: { ...pull, wire: { ...pull.wire, endpoint: known } } };
}

async function fileDifference(file: SharedFile): Promise<Checked | undefined> {
  try {
    const { sha256, bytes } = await digestOfFile(file.path);
    if (sha256 === file.sha256) return undefined;
    return refuse(
      "different-file",
      `its ${file.path} is not the master's: ${bytes} bytes with SHA-256 ${sha256.slice(0, 16)}…, there ${file.bytes} bytes with ${file.sha256.slice(0, 16)}…; copy it, or set cluster.split: stream`,
    );
  } catch (error) {
    return refuse(
      "missing-file",
      `it has no ${file.path} (${messageOf(error)}); copy it, or set cluster.split: stream`,
    );
  }
}

/** Throws the system's error. */
export async function digestOfFile(path: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash("sha256");
  const memory = Buffer.allocUnsafeSlow(READ_BYTES);
  let bytes = 0;
  await using file = await open(path);
  for (;;) {
    const { bytesRead } = await file.read(memory);
    if (bytesRead === 0) return { sha256: hash.digest("hex"), bytes };
    hash.update(memory.subarray(0, bytesRead));
    bytes += bytesRead;
  }
}

async function firstUnreachable(
  { client, registries }: NodePlan,
  clock: Clock,
): Promise<string | undefined> {
  try {
    if (registries === null) {
      for (const { origin } of client.endpoints) await requireConnection(origin);
    } else {
      for (const index of registries)
        await requireReachable(client.endpoints[index] as EndpointSpec, { index, clock });
    }
    return undefined;
  } catch (error) {
    return `it cannot reach ${messageOf(error)}`;
  }
}

function requireConnection(origin: string): Promise<void> {
  const { protocol, hostname, port } = new URL(origin);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({
    host: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port),
    timeout: CONNECT_MS_MAX,
  });
  socket.once("connect", () => resolve());
  socket.once("timeout", () => reject(new Error(`${origin}: no answer in ${CONNECT_MS_MAX} ms`)));
  socket.once("error", (error) => reject(new Error(`${origin}: ${error.message}`)));
  return promise.finally(() => socket.destroy());
}

/** The client with the secrets that this machine knows, or a sentence of what is missing. */
function withSecrets(
  { client, secretsWithheld }: NodePlan,
  env: NodeJS.ProcessEnv,
): ClientSpec | string {
  if (!secretsWithheld) return client;
  const endpoints = withSecretsOf(env, client.endpoints);
  return typeof endpoints === "string" ? endpoints : { ...client, endpoints };
}
