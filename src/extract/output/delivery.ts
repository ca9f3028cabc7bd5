import { readFileSync } from "node:fs";
import { finished } from "node:stream/promises";
import { messageOf, UsageError } from "../../core/errors.ts";
import { CheckFailure } from "../check-failure.ts";
import { finishedManifest } from "./manifest.ts";
import type { OutputFacts } from "./native-files.ts";
import type { ChecksResult } from "./output-checks.ts";
import { PartialFile, writeWhole } from "./partial-file.ts";

/** What was written and has no name yet. */
type UnnamedOutput = {
  rename(): void;
  discard(): void;
  pieces(): Iterable<Buffer>;
};

/** Where a finished file goes. */
export type DeliveryPlan = {
  readonly output: string;
  readonly standardOutput: NodeJS.WritableStream;
  readonly verify: string | undefined;
  readonly notice: (line: string) => void;
};

type Places = { readonly report: string | undefined; readonly verify: string | undefined };

type Finished = {
  readonly plan: DeliveryPlan;
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly facts: OutputFacts;
  readonly checks: ChecksResult;
};

/**
 * Throws a UsageError for a report that cannot be written and for a manifest that cannot be read: reading the source may take
 * hours, and shall not end with that.
 */
export function requirePlaces({ report, verify }: Places): void {
  if (report !== undefined) new PartialFile(report).discard();
  if (verify !== undefined) hashIn(verify);
}

/** Gives a checked file its name and its manifest, or compares it with one and drops it. */
export async function deliver(
  file: UnnamedOutput,
  { plan, manifest, facts, checks }: Finished,
): Promise<void> {
  for (const { column, row, what, count } of checks.leaks)
    plan.notice(
      `warning: column ${column} holds ${what} in row ${row} (${count} in all), as allowed`,
    );
  if (plan.verify !== undefined) {
    file.discard();
    compareHashes(plan.verify, facts.sha256);
    plan.notice(`verified: the result has the hash of ${plan.verify}`);
    return;
  }
  if (plan.output === "-") {
    await copyOut(file, plan.standardOutput);
    file.discard();
    return;
  }
  file.rename();
  const text = finishedManifest(manifest, facts);
  writeWhole(`${plan.output}.manifest.json`, text);
}

function compareHashes(path: string, sha256: string): void {
  const expected = hashIn(path);
  if (expected !== sha256)
    throw new CheckFailure(
      `the result differs from the one of ${path}: hash ${sha256} instead of ${expected}`,
    );
}

function hashIn(path: string): string {
  try {
    const manifest: unknown = JSON.parse(readFileSync(path, "utf8"));
    const { output } = manifest as { output?: { sha256?: unknown } };
    if (typeof output?.sha256 === "string") return output.sha256;
  } catch (error) {
    throw new UsageError(`cannot read the manifest ${path} (--verify): ${messageOf(error)}`);
  }
  throw new UsageError(`${path} (--verify) is no manifest: it has no output.sha256`);
}

async function copyOut(file: UnnamedOutput, target: NodeJS.WritableStream): Promise<void> {
  const over = new AbortController();
  // Whoever reads may go away, and then nothing drains any more.
  const ended = finished(target, { readable: false, signal: over.signal });
  ended.catch(() => undefined);
  try {
    for (const piece of file.pieces()) {
      // The piece is overwritten by the next one, and a stream may keep what it was given.
      if (target.write(Buffer.from(piece))) continue;
      await Promise.race([new Promise<void>((resolve) => target.once("drain", resolve)), ended]);
    }
  } finally {
    over.abort();
  }
}
