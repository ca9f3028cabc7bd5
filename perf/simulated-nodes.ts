// Nodes that say what nodes say and send nothing: a thousand of them in one process, for perf/cluster-fleet.bench.ts. Prints the
// addresses of all, or the group that they are in; when every one of them has been told that the run is over, prints the longest time, ms, that a node waited
// for that after its last message, and the operations that all have told. Ends with its stdin.
//
//   arguments: nodes, seconds of the run, operations that each node tells a second, message server if they are to use one
import { randomUUID } from "node:crypto";
import { version } from "../src/cli/version.ts";
import { Conversation } from "../src/cluster/conversation.ts";
import { NodeListener } from "../src/cluster/direct/node-listener.ts";
import type { Link } from "../src/cluster/link.ts";
import { NodeAnnouncer } from "../src/cluster/nats/node-announcer.ts";
import type { Message, Start } from "../src/cluster/protocol/message.ts";
import { encodeSnapshot, type WireSnapshot } from "../src/cluster/protocol/snapshot-wire.ts";
import { takeOrigin, threadClock } from "../src/core/clock.ts";
import { Failure } from "../src/core/failure.ts";
import { operationClasses } from "../src/core/operation.ts";
import { random } from "../src/core/random.ts";
import { nanos } from "../src/core/units.ts";
import { LateCause, STAMP_WORDS, Stamp, TallyWriter } from "../src/stats/tally.ts";
import { allocateTally } from "../src/stats/tally-layout.ts";
import { TallyReader } from "../src/stats/tally-reader.ts";
import { GROUP } from "./carriers.ts";

/** That announce themselves at the same time. */
const NODES_AT_ONCE = 20;
const SECOND_NS = 1e9;

const [count = 0, seconds = 0, operations = 0] = process.argv.slice(2, 5).map(Number);
const hub = process.argv[5];
const origin = takeOrigin();
const clock = threadClock(origin);
const wallUs = (): number => Date.now() * 1000;

/** A second of one node: latencies about 5 ms, of one class of operations. */
function second(): WireSnapshot {
  const memory = allocateTally();
  const writer = new TallyWriter(memory, { onTime: nanos(1e7), tooLate: nanos(1e8) });
  const draw = random("simulated nodes");
  const get = operationClasses.indexOf("get-blob");
  const stamps = new Float64Array(STAMP_WORDS);
  for (let i = 0; i < operations; i++) {
    const due = (i * SECOND_NS) / operations;
    stamps[Stamp.due] = due;
    stamps[Stamp.sent] = due + draw.integer(200_000);
    stamps[Stamp.firstByte] = (stamps[Stamp.sent] as number) + 1e6 + draw.integer(4_000_000);
    stamps[Stamp.done] = (stamps[Stamp.firstByte] as number) + draw.integer(2_000_000);
    stamps[Stamp.bytesIn] = 600;
    writer.started(stamps, 0, get, LateCause.generator);
    writer.record(stamps, 0, get, Failure.none, 200);
  }
  return encodeSnapshot(new TallyReader([memory]).takeInterval(nanos(0), nanos(SECOND_NS)));
}

const told = second();

class SimulatedNode {
  readonly #conversation: Conversation;
  readonly #ended: (waitedMs: number) => void;
  #snapshots = 0;
  #doneAt = 0;

  constructor(conversation: Conversation, number: number, ended: (waitedMs: number) => void) {
    this.#conversation = conversation;
    this.#ended = ended;
    conversation.say({
      type: "hello",
      version,
      name: `simulated ${number}`,
      cores: 1,
      memoryBytes: 1,
      clockNs: clock.now(),
      wallUs: wallUs(),
    });
    conversation.listen({
      hear: (message) => this.#hear(message),
      lost: (reason) => {
        console.error(`simulated node ${number}: ${reason}`);
        process.exit(1);
      },
    });
  }

  #hear(message: Message): void {
    switch (message.type) {
      case "clock-ask": {
        const { round, askedNs } = message;
        const at = clock.now();
        this.#conversation.say({
          type: "clock-answer",
          round,
          askedNs,
          takenNs: at,
          answeredNs: clock.now(),
          wallUs: wallUs(),
        });
        return;
      }
      case "plan":
        this.#conversation.bePatient(message.plan);
        this.#conversation.say({ type: "ready" });
        return;
      case "start":
        this.#tellLater(message);
        return;
      case "end":
        this.#conversation.close();
        this.#ended(performance.now() - this.#doneAt);
        return;
      default:
    }
  }

  #tellLater(start: Start): void {
    const left = start.atNs + (this.#snapshots + 1) * SECOND_NS - clock.now();
    setTimeout(() => this.#tell(start), Math.max(0, left / 1e6));
  }

  #tell(start: Start): void {
    const from = this.#snapshots * SECOND_NS;
    this.#conversation.say({
      type: "snapshot",
      number: ++this.#snapshots,
      snapshot: { ...told, start: from, end: from + SECOND_NS },
      seconds: [this.#snapshots - 1],
      operations: [operations],
      board: [],
    });
    if (this.#snapshots < seconds) this.#tellLater(start);
    else this.#finish();
  }

  #finish(): void {
    this.#doneAt = performance.now();
    this.#conversation.say({
      type: "done",
      snapshots: this.#snapshots,
      results: 0,
      skipped: 0,
      rows: 0,
      counts: {},
      feed: null,
      health: {
        firstSentNs: 0,
        cuts: 0,
        longestCutMs: 0,
        clockStepMs: 0,
        held: 0,
        dropped: 0,
        unknown: 0,
      },
    });
  }
}

type Converse = (link: Link) => void;

/** Each on a port of its own: a machine is listed once. */
async function listen(converse: Converse): Promise<string> {
  const listener = new NodeListener({ host: "127.0.0.1", port: 0, token: "" });
  await listener.await(converse);
  return `127.0.0.1:${listener.port}`;
}

/** Each with a connection of its own. */
async function announce(servers: readonly string[], converse: Converse): Promise<string> {
  const say = (line: string): void => console.error(line);
  const name = `simulated-${randomUUID()}`;
  const announcer = await NodeAnnouncer.start({ hub: { servers, group: GROUP }, name, say });
  await announcer.await(converse);
  return name;
}

async function simulate(): Promise<void> {
  const waits: number[] = [];
  const ended = (waited: number): void => {
    waits.push(waited);
    if (waits.length === count)
      console.log(`${Math.max(...waits)} ${count * seconds * operations}`);
  };
  let number = 0;
  const converse = (link: Link): void =>
    void new SimulatedNode(new Conversation(link), number++, ended);
  const begin = () => (hub === undefined ? listen(converse) : announce([hub], converse));
  const names: string[] = [];
  while (names.length < count) {
    const more = Math.min(NODES_AT_ONCE, count - names.length);
    names.push(...(await Promise.all(Array.from({ length: more }, begin))));
  }
  console.log(hub === undefined ? names.join(",") : GROUP);
  process.stdin.on("end", () => process.exit()).resume();
}

if (import.meta.main) await simulate();
