import type { Lane, Link, LinkListener } from "./link.ts";
import { WaitingFrames } from "./waiting-frames.ts";

/** One end of a conversation within this process: for the node `local`, and for tests of what stands above transports. */
class MemoryLink implements Link {
  readonly peer: string;
  readonly isPrivate = true;
  #other: MemoryLink | undefined;
  #listener: LinkListener | undefined;
  /** What this end has not heard: the other one has sent it, and does not know that it has arrived. */
  readonly #inbox = new WaitingFrames((frame) => this.#deliver(frame));
  #closed = false;
  /** The other end has closed the conversation behind what is in the inbox. */
  #ending = false;

  constructor(peer: string) {
    this.peer = peer;
  }

  join(other: MemoryLink): void {
    this.#other = other;
  }

  get unacknowledgedBytes(): number {
    return this.#other === undefined ? 0 : this.#other.#inbox.bytes;
  }

  unacknowledged(): readonly Uint8Array[] {
    return this.#other === undefined ? [] : this.#other.#inbox.frames;
  }

  listen(listener: LinkListener): void {
    this.#listener = listener;
    this.#inbox.open();
  }

  deliverWhile(hasRoom: () => boolean): void {
    this.#inbox.limit(hasRoom);
  }

  /** On a later turn, as it would be over a network: nobody is called from within its own call. */
  send(frame: Uint8Array, lane: Lane): void {
    const other = this.#other;
    if (this.#closed || other === undefined) return;
    if (lane !== "fleeting") other.#inbox.add(frame);
    setImmediate(() => {
      if (lane === "fleeting") other.#hear(frame);
      else other.#inbox.flush();
    });
  }

  #deliver(frame: Uint8Array): void {
    this.#hear(frame);
    if (this.#ending) this.#end();
  }

  #hear(frame: Uint8Array): void {
    if (!this.#closed) this.#listener?.frame(frame);
  }

  close(): void {
    this.#closed = true;
    this.#inbox.close();
    const other = this.#other;
    if (other !== undefined) setImmediate(() => other.#end());
  }

  #end(): void {
    this.#ending = true;
    if (this.#closed || this.#inbox.frames.length > 0) return;
    this.#closed = true;
    this.#inbox.close();
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
