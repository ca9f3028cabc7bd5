import type * as z from "zod";
import { atLeast, either, text } from "./schema-parts.ts";

const WORDS = "an RFC 3339 time such as 2017-06-20T02:41:18Z, or seconds from the first request";
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)?$/;

/** One end of `trace.window`. A time without a zone is UTC, as in traces. */
export const windowEdge = () =>
  either(WORDS, [
    atLeast(0),
    text(WORDS).refine((edge) => Number.isFinite(epochMs(edge)), {
      error: () => `expected ${WORDS}`,
    }),
  ]);

type Window = {
  readonly from?: string | number | undefined;
  readonly to?: string | number | undefined;
};

/** A window that says nothing, or that holds no instant, is a mistake. A time and an offset cannot be compared here. */
export function checkWindow({ from, to }: Window, context: z.RefinementCtx<Window>): void {
  if (from === undefined && to === undefined)
    context.addIssue({ code: "custom", message: "expected from, to or both" });
  if (from === undefined || to === undefined || typeof from !== typeof to) return;
  if (instant(from) < instant(to)) return;
  context.addIssue({ code: "custom", path: ["to"], message: "expected an instant after from" });
}

const instant = (edge: string | number): number =>
  typeof edge === "number" ? edge : epochMs(edge);

function epochMs(edge: string): number {
  if (!RFC3339.test(edge)) return Number.NaN;
  const zoned = /([Zz]|[+-]\d\d:\d\d)$/.test(edge) ? edge : `${edge}Z`;
  return Date.parse(zoned.replace(/[t ]/, "T").replace(/z$/, "Z"));
}
