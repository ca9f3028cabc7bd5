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
  return match;
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
