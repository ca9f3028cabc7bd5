// Feeds a synthetic load: the same request again and again, each with the due time that a pacer gives it, dealt to the
// threads in turn. Runs once per request; budget 200 ns, no allocation but for the key of a body. Guarded by
// perf/peers-requests.bench.ts.
import { Kind, Op } from "../../core/operation.ts";
import { Flag, operationFields } from "../../ring/operation-record.ts";
import type { LoadFeedPlan } from "../feed-plan.ts";
import { loadPacer } from "../load-pacer.ts";
import type { FeedSummary } from "../messages.ts";
import { nothingFed } from "../nothing-fed.ts";
import type { FeederTools } from "./main.ts";
import { type OperationBytes, operationBytes } from "./operation-feed.ts";
import { PlannedSeconds } from "./planned-seconds.ts";

/** Digits of the largest exact integer. */
const KEY_BYTES_MAX = 16;

export function feedLoad(plan: LoadFeedPlan, { feed, tell }: FeederTools): FeedSummary {
  const pacer = loadPacer(plan.schedule, plan.seed);
  const fields = operationFields({
    op: Op.REQUEST,
    kind: Kind.other,
    size: plan.bodyBytes,
    flags: plan.sha256 === undefined ? 0 : Flag.verify,
  });
  const bytes = bytesOf(plan);
  const planned = new PlannedSeconds((second, operations) =>
    tell({ type: "planned", second, operations }),
  );
  const { index: first, count: nodes } = plan.share ?? { index: 0, count: 1 };
  fields.node = first;
  let emitted = 0;
  let complete = true;
  let next = 0;
  for (let due = pacer.dueAt(0); due !== undefined; due = pacer.dueAt(++next)) {
    // One schedule for all nodes: the others' requests pass by.
    if (next % nodes !== first) continue;
    fields.seq = next;
    fields.due = due;
    if (plan.bodyBytes > 0) bytes.keyBytes = bytes.key.write(String(next), "latin1");
    if (!feed.emit(emitted % plan.threads, fields, bytes)) {
      complete = false;
      break;
    }
    emitted++;
    if (!Number.isNaN(due)) planned.count(due);
  }
  planned.end();
  return { ...nothingFed(), emitted, complete };
}

function bytesOf({ head, bodyBytes, sha256 }: LoadFeedPlan): OperationBytes {
  const target = Buffer.from(head, "latin1");
  return operationBytes({
    target,
    targetBytes: target.length,
    ...(sha256 === undefined ? {} : { digest: Buffer.from(sha256, "hex") }),
    ...(bodyBytes === 0 ? {} : { key: Buffer.alloc(KEY_BYTES_MAX) }),
  });
}
