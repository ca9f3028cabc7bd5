import { hash } from "node:crypto";
import type { PassedExchange } from "./exchange-recorder.ts";
import type { NameMask } from "./name-mask.ts";
import { isNameless } from "./nameless-manifest.ts";

/** `digest` is computed when asked for: mostly somebody stated it. */
export type ManifestCopy = { readonly base64: string | undefined; digest(): string };

/**
 * The manifest that an exchange moved, if it moved one whole and as it is. A body in some encoding is none: its digest would
 * be another one.
 */
export function manifestCopy(passed: PassedExchange, mask: NameMask): ManifestCopy | undefined {
  const { manifest, method, status, aborted } = passed;
  if (manifest === undefined || aborted !== undefined) return undefined;
  const isSent = method === "PUT";
  const headers = isSent ? passed.requestHeaders : passed.answerHeaders;
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity" || !(isSent ? status < 300 && status > 0 : status === 200))
    return undefined;
  const isKept = !mask.isMasked || isNameless(manifest);
  return {
    base64: isKept ? manifest.toString("base64") : undefined,
    digest: () => `sha256:${hash("sha256", manifest, "hex")}`,
  };
}
