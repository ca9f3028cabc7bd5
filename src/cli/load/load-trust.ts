import { UsageError } from "../../core/errors.ts";
import type { TrustOptions } from "../../registry/control-transport.ts";
import { readCaFile } from "../config/ca-file.ts";

export type TrustFlags = { readonly ca: string | undefined; readonly insecure: boolean };

/** Whom a synthetic load trusts. Throws UsageError for a file that holds no certificate. */
export function loadTrust({ ca, insecure }: TrustFlags, origin: string): TrustOptions {
  if (ca === undefined) return { ca, insecure };
  if (!origin.startsWith("https:"))
    throw new UsageError(`--ca goes with an https:// URL, and ${origin} is none`);
  if (insecure) throw new UsageError("--insecure accepts any certificate: leave it or --ca out");
  const read = readCaFile(ca);
  if (read.problem === undefined) return { ca: read.text, insecure };
  throw new UsageError(`--ca ${ca} is no certificate in PEM form: ${read.problem}`);
}
