import { type Reply, textReply } from "./reply.ts";

/** Error codes of the distribution specification (and those that CNCF distribution adds) with their usual status. */
const statuses = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
  PAGINATION_NUMBER_INVALID: 400,
  TAG_INVALID: 400,
  UNKNOWN: 500,
} as const;

export type ApiErrorCode = keyof typeof statuses;

/** What differs from the code's usual answer. `detail` is any JSON value, kept out where undefined. */
interface ApiErrorParts {
  readonly status?: number;
  readonly detail?: unknown;
  readonly headers?: readonly string[];
}

/** The answer with the error body of the specification: `{"errors":[{code,message,detail}]}`. */
export function apiError(code: ApiErrorCode, message: string, parts: ApiErrorParts = {}): Reply {
  const body = JSON.stringify({ errors: [{ code, message, detail: parts.detail }] });
  return textReply(parts.status ?? statuses[code], `${body}\n`, "application/json", parts.headers);
}
