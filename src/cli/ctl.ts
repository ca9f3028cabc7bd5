import { UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import type { Command } from "./command.ts";
import { type Order, type OrderAnswer, orderNames } from "./ctl/order.ts";
import { RunClient } from "./ctl/run-client.ts";
import { statusLines } from "./ctl/run-status.ts";

const options = {
  url: {
    type: "string",
    default: "http://127.0.0.1:8080",
    value: "URL",
    help: "the run: client_info.port of the master, or --ctl of the command",
  },
  json: { type: "boolean", default: false, help: "print data instead of text" },
} as const;

export const ctl: Command<typeof options> = {
  name: "ctl",
  summary: "pause, resume, speed up or end a run that goes on, on all its machines at one instant",
  examples: [
    { type: "drayage ctl status", does: "how the run of drayage master on this machine does" },
    { type: "drayage ctl pause", does: "nothing comes due until drayage ctl resume" },
    { type: "drayage ctl speed 2", does: "twice as fast as planned" },
    { type: "drayage ctl drain", does: "what is under way ends, nothing new starts" },
    {
      type: "drayage ctl stop --url http://127.0.0.1:9000",
      does: "cut off the run that was started with --ctl 127.0.0.1:9000",
    },
  ],
  positionals: ["ORDER", "[FACTOR]"],
  options,
  async run(given, [word = "", factor], { out, env }) {
    const order = word === "status" ? undefined : orderFrom(word, factor);
    const run = new RunClient(given.url, env.DRAYAGE_NODE_TOKEN ?? "");
    if (order === undefined) {
      const status = await run.status();
      const lines = given.json ? [JSON.stringify(status)] : statusLines(status);
      out.write(lines.map((line) => `${line}\n`).join(""));
    } else {
      const answer = await run.order(order);
      out.write(`${given.json ? JSON.stringify(answer) : sentenceOf(answer)}\n`);
    }
    return ExitCode.done;
  },
};

function orderFrom(word: string, factor: string | undefined): Order {
  const order = orderNames.find((known) => known === word);
  if (order === undefined)
    throw new UsageError(`an order is status, ${orderNames.join(", ")}, not "${word}"`);
  if (order !== "speed") {
    if (factor !== undefined)
      throw new UsageError(`${order} takes no number: drayage ctl ${order}`);
    return { order };
  }
  if (factor === undefined || !/^(\d+(\.\d*)?|\.\d+)$/.test(factor))
    throw new UsageError(
      `speed wants a factor, such as drayage ctl speed 2${factor === undefined ? "" : `, not "${factor}"`}`,
    );
  return { order, factor: Number(factor) };
}

const sentenceOf = ({ order, at }: OrderAnswer): string =>
  at === null ? `${order}: on its way` : `${order}: from ${at.toFixed(3)} s of the run on`;
