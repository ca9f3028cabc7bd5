// A query as it may be written: only parameters that are known to be no secrets keep their values. Presigned addresses, upload
// states and tokens come in any spelling, so the list names what is kept, not what is hidden.
import type { NameMask } from "./name-mask.ts";

const HIDDEN = "***";

type Treatment = (value: string, mask: NameMask) => string;

const keep: Treatment = (value) => value;
const maskName: Treatment = (value, mask) => mask.name(decoded(value));

const kept: Readonly<Record<string, Treatment>> = {
  digest: keep,
  mount: keep,
  from: (value, mask) => (mask.isMasked ? maskName(value, mask) : value),
  n: keep,
  last: (value, mask) => (mask.isMasked ? maskName(value, mask) : value),
  artifactType: keep,
  "digest-algorithm": keep,
  tag: keep,
  ns: keep,
  service: keep,
  scope: maskScope,
  account: (value, mask) => (mask.isMasked ? mask.client(decoded(value)) : value),
  client_id: keep,
  offline_token: (value) => (value === "true" || value === "false" ? value : HIDDEN),
  grant_type: keep,
};

/** Hidden values whose names say what was there. */
const named: ReadonlySet<string> = new Set([
  "_state",
  "access_token",
  "code",
  "password",
  "refresh_token",
  "sig",
  "signature",
  "state",
  "token",
  "username",
]);

/** `query` without its question mark, as sent. Order and number of parameters stay; `X-Amz-` and the like keep no name. */
export function recordedQuery(query: string, mask: NameMask): string {
  if (query === "") return "";
  return query
    .split("&")
    .map((parameter) => recordedParameter(parameter, mask))
    .join("&");
}

function recordedParameter(parameter: string, mask: NameMask): string {
  const at = parameter.indexOf("=");
  const name = at < 0 ? parameter : parameter.slice(0, at);
  const treatment = Object.hasOwn(kept, name) ? kept[name] : undefined;
  if (treatment !== undefined && at >= 0)
    return `${name}=${treatment(parameter.slice(at + 1), mask)}`;
  return named.has(name) ? `${name}=${HIDDEN}` : HIDDEN;
}

/** `repository:lib/app:pull,push`; several may stand in one value, separated by blanks. */
function maskScope(value: string, mask: NameMask): string {
  if (!mask.isMasked) return value;
  return decoded(value)
    .split(" ")
    .map((scope) => {
      const [type = "", ...rest] = scope.split(":");
      const actions = rest.pop() ?? "";
      return type === "repository" ? `${type}:${mask.name(rest.join(":"))}:${actions}` : type;
    })
    .join("+");
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll("+", " "));
  } catch {
    return value;
  }
}

/** Value of a parameter, decoded; `undefined` if it is not there. */
export function parameterOf(query: string, name: string): string | undefined {
  for (const parameter of query.split("&"))
    if (parameter.startsWith(`${name}=`)) return decoded(parameter.slice(name.length + 1));
  return undefined;
}
