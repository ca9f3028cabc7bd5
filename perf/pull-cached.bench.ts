// Ten pullers at full speed on images that cost the server next to nothing: what the client itself can do, and what it costs.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { plainProfile } from "../src/registry/pull-profile.ts";
import { BoardWord } from "../src/workers/pull-board.ts";
import { PullEngine } from "../src/workers/pull-engine.ts";
import type { PullPlan } from "../src/workers/pull-plan.ts";
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { imageCount, layersPerImage, repositoryOf } from "./image-responder.ts";
import { cpuSeconds, MissingProgram, requireProgram, resultOf } from "./measure.ts";
import { ServerProcess } from "./server-process.ts";

const PULLERS = 10;

const planOf = (origin: string, threads: number): PullPlan => ({
  threads,
  wire: {
    endpoint: {
      origin,
      pathPrefix: "",
      namePrefix: "",
      style: { hostHeader: new URL(origin).host, userAgent: "drayage/bench", keepAlive: true },
      insecure: false,
      auth: { type: "none" },
    },
    http2: false,
    form: "none",
    namespace: "",
    profile: plainProfile,
    concurrency: 1,
    platform: { os: "linux", architecture: "amd64", variant: undefined },
    follow: true,
    verify: false,
    requestSeconds: 60,
    pullMs: 0,
    save: "",
  },
  images: Array.from({ length: imageCount }, (_, image) => ({
    repository: repositoryOf(image),
    reference: "v1",
  })),
  lists: Array.from({ length: PULLERS }, (_, puller) =>
    Array.from({ length: imageCount / PULLERS }, (_, at) => at * PULLERS + puller),
  ),
  pruneExpressions: [],
  probe: "none",
  shuffle: false,
  dryRun: false,
  errorBackoff: { minMs: 1000, maxMs: 1000 },
  seed: "0",
});

type Course = { readonly pullsPerSecond: number; readonly cpuMsPerPull: number };

/** Throws when a pull failed, or server and client do not agree about the requests. */
async function pullFor(server: ServerProcess, threads: number, ms: number): Promise<Course> {
  const [before = 0] = await server.counts();
  let running = PULLERS;
  const ended = Promise.withResolvers<void>();
  const engine = new PullEngine(planOf(server.origin, threads), (message) => {
    if (message.type === "ended" && --running === 0) ended.resolve();
  });
  try {
    await engine.ready;
    const cpu = cpuSeconds();
    const from = performance.now();
    for (let puller = 0; puller < PULLERS; puller++)
      engine.toPuller(puller, { type: "start", puller, passes: "endless", prune: false });
    await new Promise((resolve) => setTimeout(resolve, ms));
    for (let puller = 0; puller < PULLERS; puller++)
      engine.toPuller(puller, { type: "stop", puller });
    await ended.promise;
    const seconds = (performance.now() - from) / 1000;
    const spent = cpuSeconds() - cpu;
    engine.sendAll({ type: "finish" });
    const ends = await engine.ended;
    const pulls = ends.flatMap(({ images }) => images).reduce((sum, image) => sum + image.pulls, 0);
    const gets = engine.boards.reduce(
      (sum, board) => sum + board.get(BoardWord.manifestGets) + board.get(BoardWord.blobGets),
      0,
    );
    const [after = 0] = await server.counts();
    if (ends.some(({ errors }) => errors.length > 0) || pulls === 0)
      throw new Error(`pulls failed: ${JSON.stringify(ends.flatMap(({ errors }) => errors))}`);
    if (gets !== pulls * (layersPerImage + 2) || gets !== after - before)
      throw new Error(`${pulls} pulls, ${gets} requests, ${after - before} answers`);
    return { pullsPerSecond: pulls / seconds, cpuMsPerPull: (spent / pulls) * 1000 };
  } finally {
    await engine.close();
  }
}

/** `skopeo copy` of one such image to a directory, again and again: for scale. */
function skopeoCopies(server: ServerProcess, tmp: string, copies: number): Course {
  const skopeo = requireProgram("skopeo", "apt-get install skopeo");
  const cpu = cpuSeconds();
  const from = performance.now();
  for (let copy = 0; copy < copies; copy++)
    execFileSync(skopeo, [
      ...["copy", "--quiet", "--insecure-policy", "--src-tls-verify=false"],
      `docker://127.0.0.1:${server.port}/${repositoryOf(copy % imageCount)}:v1`,
      `dir:${join(tmp, `copy-${copy}`)}`,
    ]);
  const seconds = (performance.now() - from) / 1000;
  return { pullsPerSecond: copies / seconds, cpuMsPerPull: ((cpuSeconds() - cpu) / copies) * 1000 };
}

async function run({ quick, tmp }: BenchContext): Promise<BenchResult[]> {
  const server = await ServerProcess.start("image-responder.ts");
  try {
    const rounds = quick ? 1 : 5;
    const ms = quick ? 1000 : 4000;
    const results: BenchResult[] = [];
    for (const threads of [1, 2]) {
      await pullFor(server, threads, ms / 2);
      const courses: Course[] = [];
      for (let round = 0; round < rounds; round++) courses.push(await pullFor(server, threads, ms));
      results.push(...resultsOf(`${PULLERS} pullers on ${threads} threads`, courses));
    }
    return [...results, ...skopeoResults(server, tmp, quick)];
  } finally {
    await server.stop();
  }
}

const resultsOf = (name: string, courses: readonly Course[]): BenchResult[] => [
  resultOf(
    { metric: `pulls of ${layersPerImage} layers, ${name}`, unit: "pulls/s" },
    courses.map(({ pullsPerSecond }) => pullsPerSecond),
  ),
  resultOf(
    { metric: `client processor, ${name}`, unit: "ms/pull" },
    courses.map(({ cpuMsPerPull }) => cpuMsPerPull),
  ),
];

function skopeoResults(server: ServerProcess, tmp: string, quick: boolean): BenchResult[] {
  try {
    return resultsOf("skopeo copy, one at a time", [skopeoCopies(server, tmp, quick ? 3 : 20)]);
  } catch (error) {
    if (error instanceof MissingProgram) return [];
    throw error;
  }
}

export const bench: Bench = {
  name: "pull-cached",
  question:
    "how many cached images can ten pullers pull in a second, and what does a pull cost the client?",
  topology: `
    this process                                     child process, one thread
    1 or 2 request worker threads, ten pullers  ---> answers made beforehand: manifest,
    (one connection each)                       <--- config and 5 layers of 1,500 bytes
    measured: processor time of this process; skopeo copies the same images to a directory, for scale`,
  run,
};
