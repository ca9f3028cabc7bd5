// Turns for connections that receive more than one buffer at once. The runtime reads a socket up to 32 times before it looks
// at any other, which with 1 MiB buffers and SHA-256 keeps a thread from everything else for 30 ms and more a connection: due
// times pass, and answers that lie ready get late stamps. So a read that filled the buffer ends the connection's turn; it goes
// on when the event loop has been round. Costs two system calls per full buffer, nothing for small answers.
import type { Socket } from "node:net";

/** Connections that go on per turn of the event loop: some 8 ms with SHA-256, however many are waiting. */
const RESUMED_PER_TURN = 8;

export class ReadTurns {
  #waiting: Socket[] = [];
  #scheduled = false;

  /** The socket has been told to stop reading; it goes on when its turn comes. */
  wait(socket: Socket): void {
    this.#waiting.push(socket);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    for (const socket of this.#waiting.splice(0, RESUMED_PER_TURN)) {
      if (!socket.destroyed) socket.resume();
    }
    if (this.#waiting.length > 0) this.#schedule();
  };
}
