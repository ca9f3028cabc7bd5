import { once } from "node:events";
import { DrayageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";
import type { Command, Terminal } from "./command.ts";
import { hostFlags, withHost } from "./session/host-options.ts";

const options = {
  filter: {
    type: "string",
    array: true,
    value: "GLOB",
    help: "narrow this stream to matching paths",
  },
  ...hostFlags,
} as const;

type Item = {
  readonly type: string;
  readonly stamp?: string | null;
  readonly events?: readonly Readonly<Record<string, unknown>>[];
  readonly [field: string]: unknown;
};

export const sessionAttach: Command<typeof options> = {
  name: "session attach",
  summary: "print what a playback session plays, until it ends or you press Ctrl-C",
  examples: [
    { type: "drayage session attach ID", does: "controls, image, batches as text" },
    { type: "drayage session attach ID --filter '/v2/**' --json", does: "a line of JSON per item" },
  ],
  positionals: ["ID"],
  options,
  async run(given, [id = ""], { out }) {
    const stop = new AbortController();
    const onSignal = (): void => stop.abort();
    process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
    try {
      const how = { filter: given.filter, signal: stop.signal };
      await withHost(given, async (api) => {
        for await (const line of api.attach(id, how)) {
          if (stop.signal.aborted) break;
          await print(line, { out, isJson: given.json });
        }
      });
      return ExitCode.done;
    } finally {
      process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    }
  },
};

async function print(
  line: string,
  { out, isJson }: { out: Terminal["out"]; isJson: boolean },
): Promise<void> {
  const item = JSON.parse(line) as Item;
  if (!out.write(isJson ? `${line}\n` : textOf(item))) await once(out, "drain");
  if (item.type === "error" && item.error === "slow consumer")
    throw new DrayageError("protocol", "the host closed the stream: slow consumer");
}

function textOf({ type, stamp, events = [], ...fields }: Item): string {
  const head =
    stamp === undefined ? `${type}${told(fields)}` : `${stamp ?? "-"} ${type}${partIn(fields)}`;
  return [head, ...events.map(eventLine)].map((line) => `${line}\n`).join("");
}

/** Of an image that comes in several. */
const partIn = ({ part, parts }: Readonly<Record<string, unknown>>): string =>
  parts === undefined ? "" : `, part ${Number(part) + 1} of ${parts}`;

function told({
  name,
  value,
  reason,
  error,
  ...fields
}: Readonly<Record<string, unknown>>): string {
  if (name !== undefined) return ` ${name} = ${value ?? "-"}`;
  const sentence = reason ?? error;
  if (sentence !== undefined) return `: ${sentence}`;
  return Object.entries(fields)
    .map(([field, one]) => ` ${field}=${one}`)
    .join("");
}

function eventLine({ path, text, headers, ...rest }: Readonly<Record<string, unknown>>): string {
  const before = headers === undefined ? "" : `${JSON.stringify(headers)} `;
  const [[name, value] = ["", ""]] = Object.entries(rest);
  const marks: Readonly<Record<string, string>> = {
    none: "(no value)",
    null: "(null)",
    removed: "(removed)",
  };
  const shown =
    text ?? marks[name] ?? (name === "base64" ? `base64 ${value}` : JSON.stringify(value));
  return `  ${path} ${before}${shown}`;
}
