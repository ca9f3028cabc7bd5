// What a registry says about its refusal. The body may be a distribution error, cut off at 4 KiB, empty, HTML or anything
// else, whatever its Content-Type says: reading it never fails. Source: registry-protocol.md 7.

const CODE_CHARACTERS_MAX = 64;
const MESSAGE_CHARACTERS_MAX = 200;

type ErrorEntry = { readonly code?: unknown; readonly message?: unknown };

/** Code of the first error, e.g. `MANIFEST_UNKNOWN`; `undefined` where the body has none. */
export function errorCodeOf(body: Buffer | undefined): string | undefined {
  if (body === undefined || body.length === 0) return undefined;
  const text = body.toString("utf8");
  const code = firstError(text)?.code ?? codeInFragment(text);
  if (typeof code !== "string" || code === "") return undefined;
  return oneLine(code, CODE_CHARACTERS_MAX);
}

/** Code and message of the first error in one line, or the beginning of a body in words; empty where there is nothing. */
export function describeErrorBody(body: Buffer | undefined): string {
  const code = errorCodeOf(body);
  const text = body?.toString("utf8") ?? "";
  if (code === undefined) return oneLine(text, MESSAGE_CHARACTERS_MAX);
  const message = firstError(text)?.message;
  if (typeof message !== "string" || message === "") return code;
  return `${code}: ${oneLine(message, MESSAGE_CHARACTERS_MAX)}`;
}

function firstError(text: string): ErrorEntry | undefined {
  try {
    const parsed = JSON.parse(text) as { errors?: unknown } | null;
    const errors: unknown = parsed?.errors;
    const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
    return typeof first === "object" && first !== null ? first : undefined;
  } catch {
    return undefined;
  }
}

/** The sample may end in the middle of the JSON: the first code stands near its beginning. */
function codeInFragment(text: string): string | undefined {
  return /"errors"\s*:\s*\[[^\]]*?"code"\s*:\s*"([A-Z0-9_]+)"/.exec(text)?.[1];
}

function oneLine(text: string, charactersMax: number): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  return line.length <= charactersMax ? line : `${line.slice(0, charactersMax)}…`;
}
