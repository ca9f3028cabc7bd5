// Keeps what a warm-up has reached: the journal while it runs, the map at the end, and a list of what failed.
import { failureLabel } from "../../core/failure.ts";
import {
  Disposition,
  isTold,
  OUTCOME_ATTEMPTS_AT,
  OUTCOME_BYTES_AT,
  OUTCOME_DIGEST_AT,
  OUTCOME_FAILURE_AT,
  OUTCOME_HOW_AT,
  OUTCOME_REGISTRY_AT,
  OUTCOME_ROW_AT,
  OUTCOME_STATUS_AT,
  OUTCOME_STEP_AT,
  steps,
} from "../../ring/outcome-record.ts";
import type { RingViews } from "../../ring/record-ring.ts";
import { UriMap } from "../../trace/uri-map.ts";
import { UriMapWriter } from "../../trace/uri-map-writer.ts";
import type { JournalRow, WarmupJournal } from "../../trace/warmup-journal.ts";
import type { OutcomeKeeper } from "../../workers/collector/outcome-drain.ts";
import { OwnFile } from "./own-file.ts";
import { detailOf, rowTextOf } from "./result-rows.ts";

/** One push that failed. */
export type FailedPush = {
  readonly uri: string;
  readonly size: number;
  readonly registry: number;
  /** The request that failed: head, mount, post, put. */
  readonly step: string;
  readonly error: string;
  readonly status: number | null;
  readonly attempts: number;
  readonly message: string;
};

const DIGEST_BYTES = 32;
/** Failures that are also shown; the file has all of them. */
const FAILURES_SHOWN = 20;

const placements = ["pushed", "existing", "mounted"] as const;

export class WarmupLedger implements OutcomeKeeper {
  readonly hasRoom = true;
  readonly counts = { pushed: 0, existing: 0, mounted: 0, failed: 0, bytes: 0 };
  /** Objects of which nothing is known here: the machine that had them is lost, or could not keep their records. */
  readonly unknown = { node_lost: 0, row_dropped: 0 };
  /** Objects of the trace that were pushed, or tried in vain; an object counts once for each registry. */
  tried = 0;
  /** Pushes that were fed, and of which nobody tells how they ended. */
  #untold = 0;
  readonly shown: FailedPush[] = [];
  readonly examples: Record<string, string> = {};
  readonly #failuresFile: OwnFile;
  readonly #journal: WarmupJournal;
  readonly #objects = new UriMap();
  #failures: string[] = [];

  /** `earlier`: rows of the journal that an interrupted warm-up left. */
  constructor(
    journal: WarmupJournal,
    { earlier, failuresFile }: { earlier: readonly JournalRow[]; failuresFile: string },
  ) {
    this.#journal = journal;
    this.#failuresFile = new OwnFile(failuresFile);
    for (const { uri, digest } of earlier) {
      this.#set(Buffer.from(uri), Buffer.from(digest.slice("sha256:".length), "hex"));
    }
  }

  keep(ring: RingViews, at: number): void {
    const { bytes } = ring;
    const how = bytes[at + OUTCOME_HOW_AT] as number;
    if (!isTold(how)) this.#keepUntold(ring, at, how);
    else if (bytes[at + OUTCOME_FAILURE_AT] !== 0) this.#keepFailure(ring, at);
    else this.#keepObject(ring, at, placements[how] ?? "pushed");
  }

  #keepUntold(ring: RingViews, at: number, how: number): void {
    this.#untold++;
    if (objectOf(ring, at).uri === "") return;
    if (how === Disposition.nodeLost) this.unknown.node_lost++;
    if (how === Disposition.rowDropped) this.unknown.row_dropped++;
  }

  #keepObject(ring: RingViews, at: number, how: (typeof placements)[number]): void {
    const { uri } = objectOf(ring, at);
    this.counts.bytes += ring.doubles[(at + OUTCOME_BYTES_AT) >> 3] as number;
    // The config that all manifests share belongs to no URI.
    if (uri === "") return;
    this.tried++;
    this.counts[how]++;
    const digest = ring.bytes
      .subarray(at + OUTCOME_DIGEST_AT, at + OUTCOME_ROW_AT)
      .subarray(0, DIGEST_BYTES);
    const registry = ring.bytes.readUInt16LE(at + OUTCOME_REGISTRY_AT);
    this.#journal.add({
      uri,
      digest: `sha256:${digest.toString("hex")}`,
      how,
      ...(registry === 0 ? {} : { registry }),
    });
    this.#setUnlessBad(Buffer.from(uri), digest);
  }

  /** With several registries, an object that one of them refused stays bad whatever the others say. */
  #setUnlessBad(uri: Buffer, digest: Buffer): void {
    const entry = this.#objects.find(uri, 0, uri.length);
    if (entry < 0 || !this.#objects.isBad(entry)) this.#set(uri, digest);
  }

  #set(uri: Buffer, digest: Buffer | undefined): void {
    this.#objects.set(uri, 0, uri.length, digest);
  }

  #keepFailure(ring: RingViews, at: number): void {
    const { bytes } = ring;
    const status = bytes.readUInt16LE(at + OUTCOME_STATUS_AT);
    const error = failureLabel(bytes[at + OUTCOME_FAILURE_AT] as number, status) ?? "protocol";
    const failed: FailedPush = {
      ...objectOf(ring, at),
      registry: bytes.readUInt16LE(at + OUTCOME_REGISTRY_AT),
      step: steps[bytes[at + OUTCOME_STEP_AT] as number] ?? "head",
      error,
      status: status === 0 ? null : status,
      attempts: bytes.readUInt16LE(at + OUTCOME_ATTEMPTS_AT),
      message: detailOf(ring, at),
    };
    this.counts.failed++;
    this.examples[error] ??= failed.message;
    this.#failures.push(`${JSON.stringify(failed)}\n`);
    if (this.shown.length < FAILURES_SHOWN) this.shown.push(failed);
    if (failed.uri === "") return;
    this.tried++;
    this.#set(Buffer.from(failed.uri), undefined);
  }

  flush(): void {
    if (this.#failures.length === 0) return;
    this.#failuresFile.append(this.#failures.join(""));
    this.#failures = [];
  }

  /** Everything that was fed was tried. */
  get isWhole(): boolean {
    return this.#untold === 0;
  }

  /** Distinct URIs in the map, bad ones included. */
  get uris(): number {
    return this.#objects.size;
  }

  /** Writes the map. The journal has done its work then, unless something failed and is worth another try. */
  finish(mapPath: string): void {
    const writer = new UriMapWriter(mapPath);
    const digest = Buffer.alloc(DIGEST_BYTES);
    for (let entry = 0; entry < this.#objects.size; entry++) {
      const bad = this.#objects.isBad(entry);
      this.#objects.copyDigest(entry, digest);
      writer.add(this.#objects.uriOf(entry), bad ? undefined : digest);
    }
    writer.close();
    if (this.counts.failed === 0) this.#journal.discard();
    else this.#journal.close();
    this.#failuresFile.close();
  }

  /** Ends without a map: the journal stays, and the next warm-up goes on from it. One that holds nothing binds nobody. */
  abandon(): void {
    if (this.#objects.size === 0) this.#journal.discard();
    else this.#journal.close();
    this.#failuresFile.close();
  }
}

/** What the feeder says of a push: its size, a blank, its URI, which is empty for the config of manifests. */
function objectOf(ring: RingViews, at: number): { uri: string; size: number } {
  const text = rowTextOf(ring, at);
  const blank = text.indexOf(" ");
  return { uri: text.slice(blank + 1), size: Number(text.slice(0, blank)) };
}
