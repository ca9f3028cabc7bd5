import type { Random } from "../../core/random.ts";
import { Allotment } from "./allotment.ts";
import { type Budget, budgetOf } from "./budget.ts";
import { type Catalogue, catalogueOf } from "./catalogue.ts";
import { Clients } from "./clients.ts";
import { ImageStock } from "./image-stock.ts";
import { Labels } from "./labels.ts";
import { Polls } from "./polls.ts";
import type { SynthProfile } from "./profile.ts";
import { Pulls, probe, type Stage } from "./pulls.ts";
import { type FollowUp, newImageCount, Pushes, pushCount } from "./pushes.ts";
import { type RecordSink, RequestLog } from "./request-log.ts";
import { Timetable } from "./timetable.ts";
import { Urn } from "./urn.ts";

/** Sorts of sessions, as tickets of one urn. */
const Sort = { pull: 0, poll: 1, headPoll: 2, push: 3, probe: 4 } as const;

/** Pings that a session has at most on average; what is left over are sessions of pings only. */
const PINGS_PER_SESSION_MAX = 3;

/** GETs of manifests: those of pulls by image, the others by manifest; and the pulls that must do with a HEAD. */
function shareManifests({ imagePulls, imageManifest, manifestGets }: Catalogue) {
  const ofPolls = manifestGets.slice();
  let without = 0;
  const ofPulls = imagePulls.map((pulls, image) => {
    const manifest = imageManifest[image] ?? 0;
    const own = Math.min(pulls, ofPolls[manifest] ?? 0);
    ofPolls[manifest] = (ofPolls[manifest] ?? 0) - own;
    without += pulls - own;
    return own;
  });
  return { ofPulls, ofPolls, without };
}

const sum = (counts: Iterable<number>): number => {
  let total = 0;
  for (const count of counts) total += count;
  return total;
};

/** All sessions of a trace, run in the order of their starts. Every record of the budget is written exactly once. */
export class Sessions {
  readonly #stage: Stage;
  readonly #pulls: Pulls;
  readonly #polls: Polls;
  readonly #pushes: Pushes;
  readonly #sorts: Urn;
  readonly #timetable: Timetable;
  /** Pulls that follow a push, the next one last. There are as many as pushes within `followedWithin`. */
  readonly #followUps: FollowUp[] = [];
  /** Start of the next session of the timetable, while follow-ups go before it. */
  #due: number | null = null;

  /** `start` in milliseconds since the Unix epoch. */
  constructor(
    { records, start, profile }: { records: number; start: number; profile: SynthProfile },
    chance: Random,
    sink: RecordSink,
  ) {
    const labels = new Labels(chance);
    const budget = budgetOf(records, profile);
    const catalogue = catalogueOf(budget, { profile, labels, chance });
    const { ofPulls, ofPolls, without } = shareManifests(catalogue);
    const headsOfPulls = Math.min(without, budget.manifestHeads);
    const counts = [
      sum(catalogue.imagePulls),
      sum(ofPolls),
      budget.manifestHeads - headsOfPulls,
      pushCount(budget),
    ];
    const probes = Math.max(
      sum(counts) === 0 ? Math.min(1, budget.pings) : 0,
      budget.pings - PINGS_PER_SESSION_MAX * sum(counts),
    );
    this.#sorts = new Urn([...counts, probes]);
    this.#stage = stageOf({ profile, catalogue, budget, labels, chance, sink }, this.#sorts.total);
    this.#pulls = new Pulls(this.#stage, ofPulls, headsOfPulls);
    this.#polls = new Polls(this.#stage, ofPolls);
    this.#pushes = new Pushes(this.#stage, budget);
    // Follow-ups come on top of the timetable.
    const timed = this.#sorts.total - pushCount(budget) * profile.followedPushes;
    const span = (records / profile.requestsPerSecond) * 1000;
    this.#timetable = new Timetable({ start, span, sessions: timed }, profile, chance);
  }

  /** Runs one session and returns its start, before which no later session writes a record; `null` = all have run. */
  next(): number | null {
    if (this.#sorts.total === 0) return this.#runFollowUp(Number.POSITIVE_INFINITY);
    const start = this.#due ?? this.#timetable.next();
    this.#due = start;
    const followUp = this.#runFollowUp(start);
    if (followUp !== null) return followUp;
    this.#due = null;
    this.#run(start);
    return start;
  }

  #run(start: number): void {
    switch (this.#sorts.draw(this.#stage.chance)) {
      case Sort.pull:
        this.#pulls.next(start);
        break;
      case Sort.poll:
        this.#polls.get(start);
        break;
      case Sort.headPoll:
        this.#polls.head(start);
        break;
      case Sort.push:
        this.#push(start);
        break;
      default:
        probe(this.#stage, start);
    }
  }

  #push(start: number): void {
    const followUp = this.#pushes.next(start);
    // Not every push that should be followed finds its image asked for: what does not follow comes by the timetable.
    const { followedPushes } = this.#stage.profile;
    this.#timetable.expect(followUp === null ? followedPushes : followedPushes - 1);
    if (followUp === null) return;
    this.#sorts.take(Sort.pull);
    let at = this.#followUps.length;
    while (at > 0 && (this.#followUps[at - 1]?.start ?? 0) < followUp.start) at--;
    this.#followUps.splice(at, 0, followUp);
  }

  #runFollowUp(until: number): number | null {
    const next = this.#followUps.at(-1);
    if (next === undefined || next.start > until) return null;
    this.#followUps.pop();
    this.#pulls.pull(next, next.start);
    return next.start;
  }
}

function stageOf(
  {
    profile,
    catalogue,
    budget,
    labels,
    chance,
    sink,
  }: {
    profile: SynthProfile;
    catalogue: Catalogue;
    budget: Budget;
    labels: Labels;
    chance: Random;
    sink: RecordSink;
  },
  sessions: number,
): Stage {
  const clients = new Clients(profile, labels, chance);
  const records = sum(Object.values(profile.methods));
  const kinds = sum(Object.values(profile.getKinds));
  const gets = profile.methods.GET / records;
  const per = (share: number, kind: number) => {
    const all = (gets * kind) / kinds;
    return all === 0 ? 0 : share / all;
  };
  return {
    profile,
    catalogue,
    clients,
    stock: new ImageStock(catalogue, newImageCount(budget), chance),
    log: new RequestLog({ profile, labels, chance }, clients, sink),
    chance,
    pings: new Allotment(budget.pings, sessions),
    redirectsPerPing: per(profile.redirects, profile.getKinds.ping),
    partialsPerBlobGet: per(profile.partials, profile.getKinds.blob),
  };
}
