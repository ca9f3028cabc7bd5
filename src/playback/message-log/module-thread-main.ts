// A module of the user's in a thread of its own: a function that gets each message, or an object with `send` and, if it likes,
// `open` and `close`. Imported by URL only; ends when it is terminated.
import { parentPort, workerData } from "node:worker_threads";
import { invariant } from "../../core/errors.ts";
import { asError } from "./events.ts";
import { importedValue, made } from "./module-export.ts";
import type { ModuleAnswer, ModuleOrder, ModuleThreadTask } from "./module-thread.ts";
import { OutgoingItem } from "./queued-item.ts";

const { address } = workerData as ModuleThreadTask;
const port = parentPort;
invariant(port !== null, "module-thread-main is started as a thread");

type Receiver = {
  open?(): unknown;
  send(item: unknown): unknown;
  close?(): unknown;
};

let receiver: Receiver | undefined;
/** One after the other, also where the module gives promises. */
let last: Promise<void> = Promise.resolve();

port.on("message", (order: ModuleOrder) => {
  last = last.then(() => answer(order));
});

async function answer(order: ModuleOrder): Promise<void> {
  let reply: ModuleAnswer = {};
  try {
    await carryOut(order);
  } catch (error) {
    reply = { error: asError(error) };
  }
  port?.postMessage(reply);
}

async function carryOut(order: ModuleOrder): Promise<void> {
  switch (order.kind) {
    case "open":
      receiver ??= await loaded();
      await receiver.open?.();
      return;
    case "item":
      await receiver?.send(new OutgoingItem(order.item).item());
      return;
    case "close":
      await receiver?.close?.();
      return;
    default:
      order satisfies never;
  }
}

async function loaded(): Promise<Receiver> {
  const exported = await importedValue(address);
  if (isReceiver(exported)) return exported;
  // With arguments, or as a class, the function makes the receiver; else it is one.
  const makes = address.args.length > 0 || /^class\b/.test(String(exported));
  const receiving = makes ? made(exported, address.args) : exported;
  if (isReceiver(receiving)) return receiving;
  if (typeof receiving === "function") return { send: (item) => receiving(item) };
  throw new TypeError(
    `module: ${address.export} of ${address.url} is no function and has no send()`,
  );
}

const isReceiver = (value: unknown): value is Receiver =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as { send?: unknown }).send === "function";
