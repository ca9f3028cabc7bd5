// Nodes by a list: addresses to connect to, and `local` for one inside this process.
import { type DialOptions, NodeDialer } from "./direct/node-dialer.ts";
import type { FoundNodes, Link, NodeFinder } from "./link.ts";
import { memoryLinks } from "./memory-link.ts";
import { NodeHost, type NodeHostOptions } from "./node/node-host.ts";

const LOCAL = "local";

export class ListedNodes implements NodeFinder {
  readonly #list: readonly string[];
  readonly #dialer: NodeDialer;
  readonly #host: Omit<NodeHostOptions, "name">;

  /** `nodes` of the options: `host:port` or `local`. `host`: what a node in this process needs. */
  constructor(options: DialOptions, host: Omit<NodeHostOptions, "name" | "sharers">) {
    this.#list = options.nodes;
    this.#dialer = new NodeDialer({
      ...options,
      nodes: options.nodes.filter((name) => name !== LOCAL),
    });
    const sharers = options.nodes.filter((name) => name === LOCAL).length;
    this.#host = { ...host, sharers };
  }

  async find(met?: (link: Link) => void): Promise<FoundNodes> {
    const { links: remote, missing } = await this.#dialer.find(met);
    const left = [...remote];
    const links = this.#list.flatMap((name, index): Link[] => {
      if (name === LOCAL) return [this.#startLocal(index)];
      if (left[0]?.peer !== name) return [];
      return left.splice(0, 1);
    });
    return { links, missing };
  }

  #startLocal(index: number): Link {
    const name = `${LOCAL} ${index}`;
    const { master, node } = memoryLinks({ node: name });
    new NodeHost({ ...this.#host, name }).converse(node);
    return master;
  }

  close(): Promise<void> {
    return this.#dialer.close();
  }
}
