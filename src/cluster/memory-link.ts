import type { Lane, Link, LinkListener } from "./link.ts";

/** One end of a conversation within this process: for the node `local`, and for tests of what stands above transports. */
class MemoryLink implements Link {
  readonly peer: string;
  readonly isPrivate = true;
  readonly unacknowledgedBytes = 0;
  #other: MemoryLink | undefined;
  #listener: LinkListener | undefined;
  readonly #early: Uint8Array[] = [];
  #closed = false;

  constructor(peer: string) {
    this.peer = peer;
  }

  join(other: MemoryLink): void {
    this.#other = other;
  }

  listen(listener: LinkListener): void {
    this.#listener = listener;
    for (const frame of this.#early.splice(0)) listener.frame(frame);
  }

  /** On a later turn, as it would be over a network: nobody is called from within its own call. */
  send(frame: Uint8Array, _: Lane): void {
    if (this.#closed) return;
    setImmediate(() => this.#other?.deliver(frame));
  }

  deliver(frame: Uint8Array): void {
    if (this.#closed) return;
    if (this.#listener === undefined) this.#early.push(frame);
    else this.#listener.frame(frame);
  }

  unacknowledged(): readonly Uint8Array[] {
    return [];
  }

  close(): void {
    this.#closed = true;
    setImmediate(() => this.#other?.hear());
  }

  hear(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener?.closed("the other end has closed the conversation");
  }
}

/** Two ends that hear each other. */
export function memoryLinks(names: { readonly node: string }): { master: Link; node: Link } {
  const master = new MemoryLink(names.node);
  const node = new MemoryLink("master");
  master.join(node);
  node.join(master);
  return { master, node };
}
