// What a client of a bench is asked to do and must have seen, and the client that ours is held against.
import { Pool } from "undici";

export type Load = {
  readonly path: "/small" | "/blob";
  readonly requests: number;
  readonly connections: number;
  readonly bodyBytes: number;
  /** Hash each body, as a pull does that verifies its digest. */
  readonly hashed?: boolean;
};

/** What a client has seen; the check of a round. */
export type Seen = { responses: number; ok: number; bytes: number };

export type Client = (load: Load) => Promise<Seen>;

/** `dispatch`: the interface of undici below its promises and streams. */
export const undici =
  (origin: string): Client =>
  async ({ path, requests, connections }) => {
    const pool = new Pool(origin, { connections, pipelining: 1 });
    const seen = { responses: 0, ok: 0, bytes: 0 };
    let left = requests;
    await new Promise<void>((resolve, reject) => {
      const next = (): void => {
        if (left-- <= 0) return;
        pool.dispatch(
          { path, method: "GET" },
          {
            onRequestStart: () => undefined,
            onResponseStart: (_controller, status) => {
              if (status === 200) seen.ok++;
            },
            onResponseData: (_controller, chunk) => {
              seen.bytes += chunk.length;
            },
            onResponseEnd: () => {
              if (++seen.responses === requests) resolve();
              next();
            },
            onResponseError: (_controller, error) => reject(error),
          },
        );
      };
      for (let i = 0; i < connections; i++) next();
    });
    await pool.destroy();
    return seen;
  };

/** Runs a load and returns processor seconds of this process and wall seconds. Throws when an answer is missing or wrong. */
export async function timed(client: Client, load: Load): Promise<{ cpu: number; wall: number }> {
  const began = performance.now();
  const before = process.cpuUsage();
  const { responses, ok, bytes } = await client(load);
  const { user, system } = process.cpuUsage(before);
  const wall = (performance.now() - began) / 1000;
  const { requests, bodyBytes } = load;
  if (responses !== requests || ok !== requests || bytes !== requests * bodyBytes)
    throw new Error(
      `${requests} requests of ${bodyBytes} bytes gave ${ok} of ${responses} answers with 200, ${bytes} bytes`,
    );
  return { cpu: (user + system) / 1e6, wall };
}
