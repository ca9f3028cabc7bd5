// A request worker thread: drains its ring until the feeder has closed it and everything under way has landed. Hosted by
// Piscina, one task for the whole run, whose result are the target's counts. Imported by URL only.
import { threadClock } from "../../core/clock.ts";
import { type Nanos, nanos } from "../../core/units.ts";
import { Timebase } from "../../pacing/timebase.ts";
import { ociRegistryTarget } from "../../plugins/oci-registry/target.ts";
import type { Target, TargetCounts } from "../../plugins/plugin.ts";
import { AlarmSlot } from "../../ring/alarm-board.ts";
import { RingConsumer, RingProducer } from "../../ring/record-ring.ts";
import { TallyWriter } from "../../stats/tally.ts";
import type { FromRequestThread, RequestThreadTask, ToRequestThread } from "../messages.ts";
import { RunOrders } from "../run-orders.ts";
import { Alarm } from "./alarm.ts";
import { Dispatcher } from "./dispatcher.ts";
import { OutcomeReporter } from "./outcome-reporter.ts";
import { watchHealth } from "./thread-health.ts";

export async function serveRequests(task: RequestThreadTask): Promise<TargetCounts> {
  const clock = threadClock(task.origin);
  const ring = new RingConsumer(task.operations);
  const thresholds = { onTime: nanos(task.onTimeNs), tooLate: nanos(task.tooLateNs) };
  const tally = new TallyWriter(task.tally, thresholds);
  const orders = new RunOrders(task.orders);
  const outcomes = new RingProducer(task.outcomes);
  const reporter = new OutcomeReporter(outcomes, tally, {
    onTime: thresholds.onTime,
    reported: () => orders.countLanded(task.thread),
  });
  const target = ociRegistryTarget(task.client, clock);
  const alarm = new Alarm(task.pacing, clock, ring, new AlarmSlot(task.alarms, task.thread));
  const health = watchHealth(tally, { spins: task.pacing === "precise" });
  await new Promise<void>((finished) => {
    const timebase = new Timebase(task.timebase);
    const parts = { ring, target, clock, timebase, alarm, tally, reporter };
    const open = (): Promise<string | undefined> => openAhead(task, target, tally);
    const dispatcher = new Dispatcher(parts, task.limits, finished);
    obey(task, { dispatcher, open, begin: health.begin });
    void open().then((unopened) =>
      task.port.postMessage({ type: "ready", unopened } satisfies FromRequestThread),
    );
  });
  health.close();
  alarm.close();
  await target.close();
  task.port.close();
  return target.counts();
}

async function openAhead(
  { opening, limits }: RequestThreadTask,
  target: Target,
  tally: TallyWriter,
): Promise<string | undefined> {
  if (opening.length === 0) return undefined;
  const stood = (taken: Nanos): void => tally.connected(taken);
  return target.open({ registries: opening, places: limits.places, stood });
}

function obey(
  task: RequestThreadTask,
  {
    dispatcher,
    open,
    begin,
  }: {
    readonly dispatcher: Dispatcher;
    readonly open: () => Promise<unknown>;
    readonly begin: () => void;
  },
): void {
  task.port.on("message", (message: ToRequestThread) => {
    switch (message.type) {
      case "start":
        begin();
        // The start may have taken its time to come: those that the registry has given up since are opened again.
        void open();
        dispatcher.start(nanos(message.at));
        return;
      case "look":
        dispatcher.pass();
        return;
      case "drain":
        dispatcher.drain();
        return;
      case "stop":
        dispatcher.stop();
        return;
      default:
        message satisfies never;
    }
  });
}
