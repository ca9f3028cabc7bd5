// The parent's end of the responders: one process for each request worker thread, so that they are no bottleneck where there
// are cores for them. This process accepts the connections and deals them out in turn: a listener shared by several
// processes gives one of them most.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { fileURLToPath } from "node:url";
import { DrayageError, invariant } from "../../core/errors.ts";
import type { ResponderAnswer, ToResponder } from "./responder-messages.ts";

// The build rewrites "./x.ts" in imports but not inside `new URL`, so the suffix follows this file's own.
const program = fileURLToPath(
  new URL(`./responder-main${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url),
);

/** A child that does not end when told is killed. */
const END_MS_MAX = 1000;

export class Responders {
  readonly origin: string;
  readonly #children: readonly ChildProcess[];
  readonly #server: Server;

  private constructor(children: readonly ChildProcess[], server: Server) {
    this.#children = children;
    this.#server = server;
    const address = server.address();
    invariant(address !== null && typeof address === "object", "the server listens on a port");
    this.origin = `http://127.0.0.1:${address.port}`;
  }

  /** Throws DrayageError `target-unreachable`. */
  static async start(count: number): Promise<Responders> {
    const children = Array.from({ length: count }, () =>
      fork(program, { stdio: ["ignore", "ignore", "inherit", "ipc"], execArgv: [] }),
    );
    try {
      await Promise.all(children.map(nextAnswer));
      return new Responders(children, await deal(children));
    } catch (error) {
      await Promise.all(children.map(end));
      throw error;
    }
  }

  /** Processor seconds of all of them so far. */
  async cpuSeconds(): Promise<number> {
    const answers = this.#children.map((child) => {
      const answer = nextAnswer(child);
      child.send("usage" satisfies ToResponder);
      return answer;
    });
    let sum = 0;
    for (const answer of await Promise.all(answers)) {
      if (answer.kind === "usage") sum += answer.cpuSeconds;
    }
    return sum;
  }

  async close(): Promise<void> {
    this.#server.close();
    await Promise.all(this.#children.map(end));
  }
}

async function deal(children: readonly ChildProcess[]): Promise<Server> {
  let next = 0;
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    const child = children[next++ % children.length] as ChildProcess;
    socket.on("error", () => socket.destroy());
    if (child.connected) child.send("connection" satisfies ToResponder, socket);
    else socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

function nextAnswer(child: ChildProcess): Promise<ResponderAnswer> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: unknown): void => {
      child.off("exit", onExit);
      resolve(message as ResponderAnswer);
    };
    const onExit = (): void => {
      child.off("message", onMessage);
      reject(new DrayageError("target-unreachable", "the responder of the calibration has ended"));
    };
    child.once("message", onMessage);
    child.once("exit", onExit);
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  if (child.connected) child.disconnect();
  const limit = setTimeout(() => child.kill("SIGKILL"), END_MS_MAX);
  await ended;
  clearTimeout(limit);
}
