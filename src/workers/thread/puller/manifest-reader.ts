// From the body of a manifest to what it asks for: digest checked, parsed or known already.
import { hash } from "node:crypto";
import { Failure } from "../../../core/failure.ts";
import { digestParts } from "./body-check.ts";
import type { ReadyBlob, ReadyManifest } from "./manifest-cache.ts";
import { type BlobPlan, manifestPlan } from "./manifest-plan.ts";
import type { PullContext } from "./pull-context.ts";

export type ReceivedManifest = {
  readonly repository: string;
  readonly body: Buffer;
  /** Digest that it was asked for by, and the one that the server announced; empty = none. */
  readonly asked: string;
  readonly announced: string;
};

export type ManifestReading =
  | { readonly kind: "read"; readonly manifest: ReadyManifest; readonly digest: string }
  /** `failed`: kind of failure, empty where the code says it. */
  | {
      readonly kind: "wrong";
      readonly failed: string;
      readonly code: number;
      readonly why: string;
    };

export function readManifest(
  context: PullContext,
  { repository, body, asked, announced }: ReceivedManifest,
): ManifestReading {
  const sha256 = hash("sha256", body, "hex");
  for (const digest of [asked, announced])
    if (digest !== "" && !hasDigest(body, sha256, digest))
      return wrong("", Failure.digest_mismatch, `the manifest does not have the digest ${digest}`);
  const digest = asked === "" ? `sha256:${sha256}` : asked;
  const key = `${repository}@${digest}`;
  const known = context.manifests.get(key);
  if (known !== undefined) return { kind: "read", manifest: known, digest };
  const plan = manifestPlan(body, context.plan.wire.platform);
  if (plan.kind === "no-platform")
    return wrong("platform", Failure.protocol, "no manifest for platform");
  if (plan.kind === "unreadable") return wrong("manifest", Failure.protocol, plan.why);
  const manifest = readyManifest(context, repository, plan);
  context.manifests.keep(key, manifest);
  return { kind: "read", manifest, digest };
}

const wrong = (failed: string, code: number, why: string): ManifestReading => ({
  kind: "wrong",
  failed,
  code,
  why,
});

function readyManifest(
  { heads }: PullContext,
  repository: string,
  plan: Extract<ReturnType<typeof manifestPlan>, { kind: "image" | "index" }>,
): ReadyManifest {
  if (plan.kind === "index") {
    const children = plan.children.map(({ digest, mediaType }) => ({
      digest,
      head: heads.byDigest(repository, digest, mediaType),
    }));
    return { ...plan, children };
  }
  const ready = (blob: BlobPlan): ReadyBlob => ({
    ...blob,
    head: heads.blob(repository, blob.digest),
  });
  const { config, layers } = plan;
  return {
    ...plan,
    config: config === undefined ? undefined : ready(config),
    layers: layers.map(ready),
  };
}

function hasDigest(body: Buffer, sha256: string, digest: string): boolean {
  const parts = digestParts(digest);
  if (parts === undefined) return true;
  const made = parts.algorithm === "sha256" ? sha256 : hash(parts.algorithm, body, "hex");
  return made === parts.hex;
}
