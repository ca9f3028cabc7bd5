/**
 * Node's own HTTP, without what importing it by name costs: an import reads every property of a module, and the one that is
 * called `WebSocket` loads another client. That was 45 ms of processor time at the start of each process and thread.
 */
export const http = process.getBuiltinModule("node:http");
