import { formatBytes, formatShare } from "../../report/number-format.ts";

const EVERY_MS = 250;
const LINE_START = "\r\u001b[K";

type Progress = {
  readonly show: (progress: { readonly bytes: number; readonly bytesTotal: number }) => void;
  readonly clear: () => void;
};

/** One line on a terminal that says how much of the files was read; nothing elsewhere. */
export function showProgress(err: NodeJS.WritableStream, quiet: boolean): Progress {
  const isTerminal = (err as NodeJS.WritableStream & { isTTY?: boolean }).isTTY === true;
  if (quiet || !isTerminal) return { show: () => undefined, clear: () => undefined };
  let next = performance.now() + EVERY_MS;
  return {
    show({ bytes, bytesTotal }) {
      if (performance.now() < next) return;
      next = performance.now() + EVERY_MS;
      err.write(`${LINE_START}read ${formatBytes(bytes)}, ${formatShare(bytes / bytesTotal)}`);
    },
    clear: () => void err.write(LINE_START),
  };
}
