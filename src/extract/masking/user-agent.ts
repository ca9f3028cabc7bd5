/** What becomes of user agents. Source: extract.md 6.4. */
export const agentModes = ["generalise", "drop", "keep"] as const;
export type AgentMode = (typeof agentModes)[number];

/** Products that are named as they are; everybody else is `other`. */
const KNOWN: readonly string[] = [
  "docker",
  "containerd",
  "buildkit",
  "cri-o",
  "skopeo",
  "buildah",
  "podman",
  "containers",
  "go-containerregistry",
  "crane",
  "kaniko",
  "regclient",
  "regctl",
  "oras",
  "oras-go",
  "helm",
  "cosign",
  "harbor-registry-client",
  "harbor-scanner-trivy",
  "trivy",
  "kubelet",
  "nerdctl",
  "ociregistry",
  "zot",
  "drayage",
  "curl",
  "wget",
  "go-http-client",
  "python-requests",
];
const OS = /\b(linux|windows|darwin|freebsd)\b/i;
const ARCH = /\b(amd64|arm64|arm|386|ppc64le|s390x|riscv64|x86_64|aarch64)\b/i;
const PRODUCT = /^([a-z][a-z0-9._-]*)\/v?(\d+(?:\.\d+)?)/i;

/** What an agent becomes that is unknown or that too few clients use. */
const OTHER_AGENT = "other";

/** `docker/20.10 linux amd64` of a long agent: product, two numbers of the version, system and architecture. */
export function generalisedAgent(text: string): string {
  const [, product = "", release = ""] = PRODUCT.exec(text) ?? [];
  const name = product.toLowerCase();
  if (!KNOWN.includes(name)) return OTHER_AGENT;
  // Kernel versions and commits name systems and architectures too, so only the words themselves are taken.
  const parts = [OS.exec(text)?.[1], ARCH.exec(text)?.[1]].filter((part) => part !== undefined);
  return [`${name}/${release}`, ...parts.map((part) => part.toLowerCase())].join(" ");
}

/** Counts the clients of each agent, as far as it takes to know whether there are enough of them. */
export class AgentClients {
  readonly #needed: number;
  readonly #clients = new Map<string, Set<string>>();

  constructor(needed: number) {
    this.#needed = needed;
  }

  note(agent: string, client: string): void {
    let clients = this.#clients.get(agent);
    if (clients === undefined) {
      clients = new Set();
      this.#clients.set(agent, clients);
    }
    if (clients.size < this.#needed) clients.add(client);
  }

  /** The agent, or `other` if too few clients have it. */
  shown(agent: string): string {
    const enough = (this.#clients.get(agent)?.size ?? 0) >= this.#needed;
    return enough ? agent : OTHER_AGENT;
  }
}
