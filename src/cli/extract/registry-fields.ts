import type { AddressMode } from "../../extract/masking/client-address.ts";
import type { ScannedColumn } from "../../extract/masking/leak-scan.ts";
import type { MaskClass, MaskPolicy } from "../../extract/masking/mask-policy.ts";
import type { AgentMode } from "../../extract/masking/user-agent.ts";
import type { FieldFate } from "../../extract/output/manifest.ts";

type Choices = {
  readonly masking: MaskPolicy;
  readonly addresses: AddressMode;
  readonly agents: AgentMode;
  readonly keepTags: readonly string[];
};

/** Words that uris of the API consist of, beside names, tags and digests. */
const uriWords: readonly string[] = [
  "blobs",
  "manifests",
  "uploads",
  "tags",
  "list",
  "referrers",
  "_catalog",
  "catalog",
  "digest",
  "mount",
  "from",
  "last",
  "artifactType",
  "application",
  "other",
  "sha256",
  "sha512",
  "library",
];

/** How the leak scan looks at a record's keys. */
export function scannedFields({ addresses, keepTags }: Choices): ScannedColumn[] {
  const words = new Set([...uriWords, ...keepTags]);
  return [
    { name: "host", scan: "pieces" },
    { name: "http.request.method", scan: "none" },
    // Addresses that keep prefixes, or parts of themselves, are meant to be there.
    {
      name: "http.request.remoteaddr",
      scan: addresses === "none" ? "none" : "whole",
      addresses: true,
    },
    { name: "http.request.uri", scan: "pieces", words },
    // Made of a fixed list of words, some of which are names of repositories too.
    { name: "http.request.useragent", scan: "whole" },
    { name: "id", scan: "pieces" },
  ];
}

/** What became of each field, for the manifest. */
export function registryFates({ masking, addresses, agents }: Choices): FieldFate[] {
  const kept = (column: string): FieldFate => ({ column, fate: "kept" });
  const masked = (column: string, of: MaskClass): FieldFate =>
    masking.method === "none" ? kept(column) : { column, fate: "masked", class: of };
  return [
    masked("host", "host"),
    masked("repository", "repo"),
    masked("tag", "tag"),
    masked("digest", "digest"),
    masked("upload id", "upload"),
    masked("id", "request"),
    clientFate(addresses, masking),
    {
      column: "http.request.useragent",
      fate: agentFates[masking.method === "none" ? "keep" : agents],
    },
    kept("http.request.method"),
    kept("http.request.duration"),
    kept("http.response.status"),
    kept("http.response.written"),
    kept("timestamp"),
    { column: "everything else", fate: "dropped" },
  ];
}

const agentFates: Readonly<Record<AgentMode, FieldFate["fate"]>> = {
  keep: "kept",
  drop: "dropped",
  generalise: "generalised",
};

function clientFate(addresses: AddressMode, masking: MaskPolicy): FieldFate {
  const column = "http.request.remoteaddr";
  if (masking.method === "none" || addresses === "none") return { column, fate: "kept" };
  if (addresses === "subnet") return { column, fate: "generalised" };
  return { column, fate: "masked", class: "client" };
}
