import { verbs } from "./cli/commands.ts";
import { dispatch } from "./cli/dispatch.ts";
import { rememberWords } from "./cli/typed-words.ts";

// `drayage … | head` closes our output: nobody reads any more, so there is nothing left to say and no one to say it to.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

// Nobody hears of the course any more: no reason to end a run whose figures go elsewhere.
process.stderr.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

rememberWords(process.argv.slice(2));

// The code is set and not forced: output that is still on its way, and files that are being closed, get there first.
process.exitCode = await dispatch(process.argv.slice(2), {
  verbs,
  terminal: { out: process.stdout, err: process.stderr, env: process.env },
});
