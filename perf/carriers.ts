// What carries a run between its machines, for benches that measure the same over both: WebSockets, or a message server of its own.
import { type NatsServer, startNatsServer } from "../test/fakes/nats-server.ts";
import { MissingProgram } from "./measure.ts";

export type Carrier = {
  /** Behind the names of benches. */
  readonly suffix: "" | "-nats";
  /** What stands between master and nodes, in drawings. */
  readonly drawn: string;
  /** Starts a message server, where it takes one. Throws MissingProgram. */
  open(): Promise<NatsServer | undefined>;
};

export const direct: Carrier = {
  suffix: "",
  drawn: "WebSockets",
  open: async () => undefined,
};

export const nats: Carrier = {
  suffix: "-nats",
  drawn: "nats-server, with streams",
  async open() {
    const server = await startNatsServer({ jetstream: true });
    if (server === undefined)
      throw new MissingProgram("nats-server", "apt-get install nats-server");
    return server;
  },
};

/** In which nodes of benches meet. */
export const GROUP = "bench";
