// undici's dispatch as a program of its own, so that its whole process is measured like those of the others:
// `node undici-client.ts URL CONNECTIONS SECONDS [sha256]` prints how many responses of status 200 it has had. With "sha256"
// it hashes every body and counts those that have the digest that the URL ends with.
import { createHash, type Hash } from "node:crypto";
import { Pool } from "undici";

const [address = "", connections = "", seconds = "", sha256] = process.argv.slice(2);
const { origin, pathname } = new URL(address);
const wanted = pathname.slice(pathname.indexOf("sha256:") + "sha256:".length);
const hashed = sha256 === "sha256";
const pool = new Pool(origin, { connections: Number(connections), pipelining: 1 });
const endsAt = performance.now() + Number(seconds) * 1000;
const request = { path: pathname, method: "GET" } as const;
let good = 0;

function next(): Promise<void> {
  return new Promise((resolve, reject) => {
    let status = 0;
    let hash: Hash | undefined;
    const send = (): void => {
      hash = hashed ? createHash("sha256") : undefined;
      pool.dispatch(request, handler);
    };
    const handler = {
      onRequestStart: () => undefined,
      onResponseStart: (_controller: unknown, code: number) => {
        status = code;
      },
      onResponseData: (_controller: unknown, piece: Buffer) => {
        hash?.update(piece);
      },
      onResponseEnd: () => {
        if (status === 200 && (hash === undefined || hash.digest("hex") === wanted)) good++;
        if (performance.now() < endsAt) send();
        else resolve();
      },
      onResponseError: (_controller: unknown, error: Error) => reject(error),
    };
    send();
  });
}

await Promise.all(Array.from({ length: Number(connections) }, next));
await pool.close();
console.log(`${good} responses`);
