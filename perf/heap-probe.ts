// What a process of Node.js keeps, as against what it has not thrown away yet: its heap after a full collection, asked for through
// its inspector. Without a debugger that looks at anything the inspector costs nothing while nobody asks.
import { once } from "node:events";
import { createServer } from "node:net";

const MIB = 1024 * 1024;

/** Bytes. */
type HeapUsage = { readonly usedSize?: number; readonly backingStorageSize?: number };

export class HeapProbe {
  readonly #port: number;
  #asked = 0;

  private constructor(port: number) {
    this.#port = port;
  }

  /** For a process that is to be started with `env` added to its environment. */
  static async create(): Promise<HeapProbe> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    server.close();
    await once(server, "close");
    return new HeapProbe(port);
  }

  get env(): Readonly<Record<string, string>> {
    return { NODE_OPTIONS: `--inspect=127.0.0.1:${this.#port}` };
  }

  /** MiB that are in use behind a collection, buffers included. */
  async used(): Promise<number> {
    const listed = await fetch(`http://127.0.0.1:${this.#port}/json/list`);
    const [target] = (await listed.json()) as { readonly webSocketDebuggerUrl: string }[];
    if (target === undefined) throw new Error("the process shows no inspector");
    const socket = new WebSocket(target.webSocketDebuggerUrl);
    await once(socket, "open");
    try {
      await this.#ask(socket, "HeapProfiler.collectGarbage");
      const { usedSize, backingStorageSize } = await this.#ask(socket, "Runtime.getHeapUsage");
      if (usedSize === undefined || backingStorageSize === undefined)
        throw new Error("the inspector does not tell of the heap");
      return (usedSize + backingStorageSize) / MIB;
    } finally {
      socket.close();
    }
  }

  async #ask(socket: WebSocket, method: string): Promise<HeapUsage> {
    const id = ++this.#asked;
    socket.send(JSON.stringify({ id, method }));
    for (;;) {
      const [event] = (await once(socket, "message")) as [{ readonly data: string }];
      const answer = JSON.parse(event.data) as { id?: number; result?: HeapUsage };
      if (answer.id === id) return answer.result ?? {};
    }
  }
}
