// How much a request worker thread can do at most: a closed loop, with nothing to wait for but the responder.
import { invariant } from "../../core/errors.ts";
import type { Totals } from "../../stats/figures.ts";
import type { BusyFigures, Ceiling } from "./calibration.ts";
import { doneIn, type ProbeSite, type ProbeWindow, runProbe } from "./probe.ts";
import { LARGE_BODY_BYTES, SMALL_BODY_BYTES } from "./responder-messages.ts";
import type { Responders } from "./responders.ts";

/** As `drayage load` has without a flag, and more where that would leave a worker with few. */
export const connectionsFor = (workers: number): number => Math.max(64, 16 * workers);
const LARGE_CONNECTIONS_PER_WORKER = 4;

export type Lengths = { readonly warmup: number; readonly measured: number };

/** Small bodies, and how the threads fared meanwhile. */
export async function requestCeiling(
  site: ProbeSite,
  responders: Responders,
  lengths: Lengths,
): Promise<{ ceiling: Ceiling; busy: BusyFigures }> {
  const connections = connectionsFor(site.workers);
  const { ceiling, totals } = await closedLoop(site, responders, {
    path: "/s",
    connections,
    bodyBytes: SMALL_BODY_BYTES,
    ...lengths,
  });
  return { ceiling, busy: busyFigures(totals) };
}

/** Large bodies, discarded. */
export async function byteCeiling(
  site: ProbeSite,
  responders: Responders,
  lengths: Lengths,
): Promise<Ceiling> {
  const connections = LARGE_CONNECTIONS_PER_WORKER * site.workers;
  const { ceiling } = await closedLoop(site, responders, {
    path: "/b",
    connections,
    bodyBytes: LARGE_BODY_BYTES,
    ...lengths,
  });
  return ceiling;
}

async function closedLoop(
  site: ProbeSite,
  responders: Responders,
  load: Lengths & { path: "/s" | "/b"; connections: number; bodyBytes: number },
): Promise<{ ceiling: Ceiling; totals: Totals }> {
  const { path, connections, bodyBytes, warmup, measured } = load;
  let window: ProbeWindow | undefined;
  let responderBefore: Promise<number> = Promise.resolve(0);
  let responderAfter: Promise<number> = Promise.resolve(0);
  const { totals } = await runProbe(
    site,
    {
      schedule: { kind: "closed" },
      pacing: "economical",
      path,
      connections,
      marks: [warmup, warmup + measured],
    },
    (seen, index) => {
      if (index === 0) {
        responderBefore = responders.cpuSeconds();
      } else {
        responderAfter = responderBefore.then(() => responders.cpuSeconds());
        window = seen;
      }
      // A responder that ended is told of by its requests, which fail.
      responderBefore.catch(() => {});
      responderAfter.catch(() => {});
      return "on";
    },
  );
  invariant(window !== undefined, "a probe that ends well has seen its marks");
  const { done, bytesIn } = doneIn(window);
  const { seconds, cpuSeconds } = window;
  return {
    totals,
    ceiling: {
      connections,
      bodyBytes,
      perSecond: done / seconds,
      perSecondPerWorker: done / seconds / site.workers,
      bytesPerSecond: bytesIn / seconds,
      bytesPerSecondPerWorker: bytesIn / seconds / site.workers,
      cores: cpuSeconds / seconds,
      responderCores: ((await responderAfter) - (await responderBefore)) / seconds,
    },
  };
}

function busyFigures({ health }: Totals): BusyFigures {
  const worst = (of: (thread: Totals["health"][number]) => number): number =>
    Math.max(0, ...health.map(of));
  const count = health.reduce((sum, { gcCount }) => sum + gcCount, 0);
  const pause = (value: number): number | null => (count === 0 ? null : value);
  return {
    loopDelayP99: worst(({ loopDelayP99 }) => loopDelayP99),
    loopDelayMax: worst(({ loopDelayMax }) => loopDelayMax),
    gcPauses: {
      count,
      p50: pause(worst(({ gcP50 }) => gcP50)),
      p99: pause(worst(({ gcP99 }) => gcP99)),
      max: pause(worst(({ gcMax }) => gcMax)),
    },
  };
}
