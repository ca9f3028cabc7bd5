// How a master opens a conversation with a node: one request, answered at once. JSON.
import { isToken } from "./names.ts";

export type Knock = {
  readonly conversation: string;
  readonly run: string;
  /** Of the master, for people. */
  readonly name: string;
  readonly encrypted: boolean;
  /** Its server, where that is on its own machine. */
  readonly localServer: string | null;
  /** Asks for a conversation that the node has: its master must have been silent for so long, ms. Null for a new one. */
  readonly silentMs: number | null;
  /** The run is this master's: the node hears nobody else from now on. Null for a question whether it might be. */
  readonly term: number | null;
};

/** What a node answers that knows nothing of the conversation any more. */
export const GIVEN_UP = "it has given the run up";

export type KnockAnswer =
  | {
      readonly opened: true;
      readonly isPrivate: boolean;
      /** Control frames that the node has heard, and that it has said and were heard. */
      readonly heard: number;
      readonly said: number;
    }
  | { readonly opened: false; readonly sentence: string };

export const encodeKnock = (message: Knock | KnockAnswer): string => JSON.stringify(message);

function parsed(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    if (typeof value !== "object" || value === null) return undefined;
    return value as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

/** Undefined for anything else. */
export function decodeKnock(bytes: Uint8Array): Knock | undefined {
  const { conversation, run, name, encrypted, localServer } = parsed(bytes) ?? {};
  const { silentMs, term } = parsed(bytes) ?? {};
  if (typeof conversation !== "string" || !isToken(conversation)) return undefined;
  if (typeof run !== "string" || !isToken(run) || typeof name !== "string") return undefined;
  if (typeof encrypted !== "boolean") return undefined;
  if (localServer !== null && typeof localServer !== "string") return undefined;
  if (silentMs !== null && typeof silentMs !== "number") return undefined;
  if (term !== null && !isCount(term)) return undefined;
  return { conversation, run, name, encrypted, localServer, silentMs, term };
}

/** Undefined for anything else. */
export function decodeAnswer(bytes: Uint8Array): KnockAnswer | undefined {
  const { opened, isPrivate, heard, said, sentence } = parsed(bytes) ?? {};
  if (opened === true && typeof isPrivate === "boolean" && isCount(heard) && isCount(said))
    return { opened, isPrivate, heard, said };
  if (opened === false && typeof sentence === "string") return { opened, sentence };
  return undefined;
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;
