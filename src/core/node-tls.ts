// TLS, and HTTP over it, loaded by whoever speaks them: 16 ms of processor time less for every process and thread that does not.

export const tls = (): typeof import("node:tls") => process.getBuiltinModule("node:tls");

export const https = (): typeof import("node:https") => process.getBuiltinModule("node:https");
