// A run that takes orders, for tests that steer it or wait for what it has done.
import { type AddressInfo, createServer } from "node:net";
import type { RunStatus } from "../../src/cli/ctl/run-status.ts";
import { type Ended, pause, type Workplace } from "./workplace.ts";

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

/** A run that takes orders at a port. */
export class Ordered {
  readonly #place: Workplace;
  readonly #url: string;

  constructor(place: Workplace, port: number) {
    this.#place = place;
    this.#url = `http://127.0.0.1:${port}`;
  }

  order(...words: readonly string[]): Promise<Ended> {
    return this.#place.drayage(["ctl", ...words, "--url", this.#url]);
  }

  /** Asks until the run is as it should be. */
  async until(holds: (status: RunStatus) => boolean): Promise<RunStatus> {
    for (let attempt = 0; attempt < 1500; attempt++) {
      const answer = await fetch(`${this.#url}/status`).catch(() => undefined);
      const status = answer === undefined ? undefined : ((await answer.json()) as RunStatus);
      if (status !== undefined && holds(status)) return status;
      await pause(20);
    }
    throw new Error("waited in vain for the status of the run");
  }
}

export const doneOf = ({ operations }: RunStatus): number =>
  operations.reduce((sum, { done }) => sum + done, 0);
