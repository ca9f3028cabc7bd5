// Why a request failed, as data. The index of a kind is its code in rings and shared counters; 0 means "did not fail".

export const failureKinds = [
  "none",
  "connect",
  "tls",
  "auth",
  "timeout:connect",
  "timeout:first_byte",
  "timeout:idle",
  "timeout:total",
  "http",
  "digest_mismatch",
  "truncated_body",
  "redirect",
  "aborted",
  "reset",
  "protocol",
] as const;

export type FailureKind = (typeof failureKinds)[number];

/** Code of each kind, for hot code that must not compare strings. */
export const Failure: { readonly [Kind in FailureKind]: number } = Object.fromEntries(
  failureKinds.map((kind, code) => [kind, code]),
) as { [Kind in FailureKind]: number };

/** What files and summaries print: `http:503`, `timeout:idle`, …; `null` when it did not fail. */
export function failureLabel(code: number, status: number): string | null {
  if (code === Failure.none) return null;
  const kind = failureKinds[code] ?? "protocol";
  return kind === "http" ? `http:${status}` : kind;
}
