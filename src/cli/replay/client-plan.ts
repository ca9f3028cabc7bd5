// From the registry entries of a configuration to what threads and feeder need of them. Secrets are revealed here and go to
// the request threads only.
import type { ClientSpec, EndpointSpec } from "../../registry/client-spec.ts";
import type { HeadStyle } from "../../registry/request-head.ts";
import { ReceiveBytes } from "../../wire/thread-wire.ts";
import type { EndpointPlan } from "../../workers/feed-plan.ts";
import type { ReplayConfig } from "../config/replay-config.ts";
import { version } from "../version.ts";

type Registry = ReplayConfig["registry"][number];

export const userAgent = `drayage/${version}`;

const styleOf = ({ origin }: Registry, keepAlive: boolean): HeadStyle => ({
  hostHeader: new URL(origin).host,
  userAgent,
  keepAlive,
});

export const endpointPlans = ({ registry, run }: ReplayConfig): EndpointPlan[] =>
  registry.map((entry) => ({
    style: styleOf(entry, run.keepAlive),
    pathPrefix: entry.pathPrefix,
    namePrefix: entry.namePrefix,
  }));

/** The registries as request threads see them. Holds secrets: never print or store it. */
export function clientSpec(config: ReplayConfig): ClientSpec {
  const { run, warmup, registry } = config;
  const { connect, firstByte, idle, total } = run.timeouts;
  return {
    endpoints: registry.map((entry) => endpointSpec(entry, run.keepAlive)),
    timeouts: { connect, firstByte, idle, total },
    retries: run.retries,
    keepAlive: run.keepAlive,
    seed: run.seed,
    random: warmup.random,
    receiveBytes: ReceiveBytes.blobs,
  };
}

export const endpointSpec = (entry: Registry, keepAlive: boolean): EndpointSpec => ({
  origin: entry.origin,
  pathPrefix: entry.pathPrefix,
  namePrefix: entry.namePrefix,
  style: styleOf(entry, keepAlive),
  ca: entry.ca?.pem,
  insecure: entry.insecure,
  auth: authOf(entry),
});

function authOf({ auth }: Registry): EndpointSpec["auth"] {
  switch (auth.type) {
    case "none":
      return { type: "none" };
    case "basic":
      return {
        type: "basic",
        username: auth.credentials.username.expose(),
        password: auth.credentials.password.expose(),
      };
    case "bearer":
      return {
        type: "bearer",
        username: auth.credentials?.username.expose(),
        password: auth.credentials?.password.expose(),
        token: auth.token?.expose(),
      };
    default:
      return auth satisfies never;
  }
}
