import { ExitCode } from "../core/exit-code.ts";
import { alignRows } from "../report/text-table.ts";
import type { Command } from "./command.ts";
import { hostFlags, withHost } from "./session/host-options.ts";
import type { SessionRow } from "./session/session-api.ts";

const options = { ...hostFlags } as const;

export const sessionList: Command<typeof options> = {
  name: "session list",
  summary: "list the playback sessions of a host",
  examples: [
    { type: "drayage session list", does: "id, state, position, speed, streams, age, client" },
  ],
  options,
  async run(given, _, { out }) {
    const rows = await withHost(given, (api) => api.list());
    if (given.json) out.write(`${JSON.stringify(rows)}\n`);
    else for (const line of tableOf(rows)) out.write(`${line}\n`);
    return ExitCode.done;
  },
};

function tableOf(rows: readonly SessionRow[]): readonly string[] {
  const head = ["id", "state", "pos", "speed", "streams", "age", "client"];
  const body = rows.map(({ id, controls, streams, age_seconds, client }) => {
    const { state, pos, speed } = controls;
    return [id, state, pos ?? "-", speed, streams, `${Math.round(age_seconds)} s`, client].map(
      String,
    );
  });
  return alignRows(
    [head, ...body].map((cells) => ({ cells })),
    "lllrrrl",
  );
}
