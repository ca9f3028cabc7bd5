import { rampArguments } from "./cluster/resume-arguments.ts";
import type { Command } from "./command.ts";
import { commandHelp } from "./help.ts";
import { pullArguments } from "./pull/pull-arguments.ts";
import { startDemo } from "./pull/pull-demo.ts";
import { pullOptions } from "./pull/pull-options.ts";
import { runPull } from "./pull/pull-run.ts";
import { pullSettings } from "./pull/pull-settings.ts";

const nothingSpecial = { notes: [], plainFirst: false };

/** The pull-through ramp test driver: every flag of the original, and what it lacks. */
export const pull: Command<typeof pullOptions> = {
  name: "pull",
  summary: "pull images through a cache, with more and more pullers, then fewer",
  examples: [
    { type: "drayage pull --demo", does: "a short ramp with nothing installed" },
    {
      type: "drayage pull --pullthrough-url=ubuntu.me:8080 --registry-url=ubuntu.me:5000 --patterns=-0001,-0002,-0003",
      does: "three pullers, one more each minute, then one less",
    },
    {
      type: "drayage pull --pullthrough-url … --registry-url … --patterns '*' --herd 50 --prune",
      does: "50 clients want the same image at the same instant",
    },
    {
      type: "drayage pull --pullthrough-url … --registry-url … --patterns '*' --nats nats://one:4222 --group load --expect 3",
      does: "one ramp from three machines that are announced at a message server",
    },
  ],
  options: pullOptions,
  normalize: (args) => rampArguments(args, pullArguments),
  async run(given, _, terminal) {
    const usage = commandHelp(pull);
    if (given.demo !== true)
      return runPull({ given, settings: pullSettings(given, usage), ...nothingSpecial }, terminal);
    const demo = await startDemo(given, terminal);
    try {
      const { given: filled, notes, plainFirst } = demo;
      const settings = pullSettings(filled, usage);
      return await runPull({ given: filled, settings, notes, plainFirst }, terminal);
    } finally {
      await demo.close();
    }
  },
};
