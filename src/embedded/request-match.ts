import { UsageError } from "../core/errors.ts";
import { type RequestType, requestTypes } from "./route.ts";

/** Which requests a rule is about; `undefined` = any. */
export interface RequestMatch {
  readonly methods: ReadonlySet<string> | undefined;
  readonly types: ReadonlySet<string> | undefined;
  readonly name: RegExp | undefined;
}

const methods = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"] as const;
const NAME_WORD = /^name~(.+)$/;

/**
 * Words in any order, each narrowing what matches: `GET,HEAD` methods, `blob,manifest` types, `name~^lib/` an expression
 * on the repository's name. `*` or nothing matches every request.
 */
export function parseMatch(text: string): RequestMatch {
  const words = text.split(/\s+/).filter((word) => word !== "" && word !== "*");
  const match: { -readonly [Key in keyof RequestMatch]: RequestMatch[Key] } = {
    methods: undefined,
    types: undefined,
    name: undefined,
  };
  for (const word of words) {
    const list = word.split(",");
    if (list.every((item) => isMethod(item))) match.methods = new Set(list);
    else if (list.every((item) => isType(item))) match.types = new Set(list);
    else match.name = nameExpression(word);
  }
  requireMeeting(match);
  return match;
}

/** Methods that requests of a type have; those of the others vary. */
const methodsOf: Partial<Record<RequestType, readonly string[]>> = {
  manifest: ["GET", "HEAD", "PUT", "DELETE"],
  blob: ["GET", "HEAD", "DELETE"],
  upload: ["GET", "POST", "PATCH", "PUT", "DELETE"],
};

/** A word that matches nothing beside the others is a mistake, and most often the upload of a blob is meant. */
function requireMeeting({ methods: wanted, types }: RequestMatch): void {
  if (wanted === undefined || types === undefined) return;
  for (const method of wanted)
    if (![...types].some((type) => hasMethod(type, method))) throw neverMeet(method, [...types]);
  for (const type of types)
    if (![...wanted].some((method) => hasMethod(type, method)))
      throw neverMeet([...wanted].join(" and "), [type]);
}

const hasMethod = (type: string, method: string): boolean =>
  methodsOf[type as RequestType]?.includes(method) ?? true;

function neverMeet(method: string, types: readonly string[]): UsageError {
  const advice = types.includes("blob") ? "; a blob is sent by requests of type upload" : "";
  return new UsageError(`no ${method} has type ${types.join(" or ")}${advice}`);
}

const isMethod = (text: string): boolean => methods.some((method) => method === text);
const isType = (text: string): text is RequestType => requestTypes.some((type) => type === text);

function nameExpression(word: string): RegExp {
  const expression = NAME_WORD.exec(word)?.[1];
  if (expression === undefined) {
    throw new UsageError(
      `a rule matches by method (${methods.join(", ")}), type (${requestTypes.join(", ")}) or name~EXPRESSION, not by "${word}"`,
    );
  }
  try {
    return new RegExp(expression);
  } catch (error) {
    throw new UsageError(`"${expression}" is not a regular expression`, { cause: error });
  }
}

/** Runs once per request and rule. */
export function isMatch(
  match: RequestMatch,
  request: { readonly method: string; readonly type: RequestType; readonly name: string },
): boolean {
  return (
    (match.methods === undefined || match.methods.has(request.method)) &&
    (match.types === undefined || match.types.has(request.type)) &&
    (match.name === undefined || match.name.test(request.name))
  );
}
