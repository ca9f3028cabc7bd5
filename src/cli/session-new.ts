import { ExitCode } from "../core/exit-code.ts";
import type { Command, OptionValues } from "./command.ts";
import { hostFlags, signedValues, withHost } from "./session/host-options.ts";

const options = {
  start: {
    type: "string",
    value: "TIME",
    help: "play nothing before: a date and time, or an offset: 3d = three days ago, +1h = in an hour",
  },
  end: { type: "string", value: "TIME", help: "play nothing after, spelled like --start" },
  speed: {
    type: "string",
    value: "N",
    help: "2 = twice as fast as recorded; unlimited; default 1",
  },
  pos: {
    type: "string",
    value: "WHERE",
    help: "beginning (the default), end, a time, an offset, or a number of batches",
  },
  state: {
    type: "string",
    choices: ["play", "pause", "tail"],
    value: "STATE",
    help: "pause (the default), play, or tail",
  },
  "play-after": { type: "string", value: "TIME", help: "begin to play so long after creation" },
  filter: {
    type: "string",
    array: true,
    value: "GLOB",
    help: "only paths that match; default /**",
  },
  ...hostFlags,
} as const;

export const sessionNew: Command<typeof options> = {
  name: "session new",
  summary: "create a playback session and print its id",
  examples: [
    { type: "drayage session new", does: "paused before the first batch, at recorded speed" },
    {
      type: "drayage session new --start 3d --speed 10 --state play",
      does: "the last three days, ten times as fast",
    },
    { type: "drayage session new --state tail --filter '/v2/**'", does: "live, of some paths" },
  ],
  options,
  normalize: signedValues,
  async run(given, _, { out }) {
    const id = await withHost(given, (api) => api.create(argumentsOf(given)));
    out.write(given.json ? `${JSON.stringify({ id })}\n` : `${id}\n`);
    return ExitCode.done;
  },
};

function argumentsOf(given: OptionValues<typeof options>): Record<string, unknown> {
  const { start, end, speed, pos, state, filter, "play-after": play_after } = given;
  const all = { start: ago(start), end: ago(end), speed, pos, state, play_after, filter };
  const asked = Object.entries(all).filter(([, value]) => value !== undefined && value.length > 0);
  return Object.fromEntries(asked);
}

/** `3d` means three days ago. Hosts want the sign, since there it could as well mean "from now". */
const ago = (text: string | undefined): string | undefined =>
  text !== undefined && /^\d+(?:\.\d+)?[yMdhmsu]$/.test(text) ? `-${text}` : text;
