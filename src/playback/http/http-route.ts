import type { IncomingMessage, ServerResponse } from "node:http";
import type { SessionDesk } from "../session/session-desk.ts";
import type { Surroundings } from "../session/surroundings.ts";

export type Exchange = {
  readonly host: SessionDesk;
  readonly surroundings: Surroundings;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** Who asks: limits are counted by it. */
  readonly client: string;
  /** What the path holds in place of `:id` and `:name`. */
  readonly parts: Readonly<Record<string, string>>;
};

/** `streaming`: the answer was begun already and goes on by itself. */
export type Answer =
  | { readonly kind: "json"; readonly status: number; readonly value: unknown }
  | {
      readonly kind: "raw";
      readonly status: number;
      readonly type: string;
      readonly chunks: readonly (Buffer | string)[];
    }
  | { readonly kind: "empty" }
  | { readonly kind: "streaming" };

export type Handler = (exchange: Exchange) => Promise<Answer> | Answer;

export const json = (value: unknown, status = 200): Answer => ({ kind: "json", status, value });
