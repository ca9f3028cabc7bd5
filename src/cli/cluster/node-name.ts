const PORT = "(?:[1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])";

/** `local`, `host:port` or `[address]:port`. */
export const NODE_NAME: RegExp = new RegExp(
  `^(?:local|[^\\s:/]+:${PORT}|\\[[0-9a-fA-F:.]+\\]:${PORT})$`,
);

/** Index of the first node that is listed already, -1 if none is: one machine is one node, while `local` may be several. */
export const repeatedNode = (list: readonly string[]): number =>
  list.findIndex((name, at) => name !== "local" && list.indexOf(name) < at);
