// What shards say to each other, as JSON on subjects of the message server.
//
//   <root>.cluster.announce              every second, to all
//   <root>.cluster.<cluster>.<index>     requests to one shard, and notes, which nobody answers
//
// A change of a session in four steps:
//
//   owner   look ------> all: where are you, what do you have     (whoever plays without pace stands still from here on)
//   owner   prepare ---> all: this position, at this instant      answer: the stamp that follows the position
//   owner   commit ----> all: go; the earliest of those stamps is due at the instant      answer: at once
//   owner   settle ----> all: have you?                           answer: when it has happened
//
// Wherever one of them does not answer within 2 s, or refuses: abort, and nothing has changed anywhere. Where it has happened
// already it is taken back. What has to be handed over before a session stands still may take longer than 2 s: `settle` and
// `abort` wait for that.
import type { Micros } from "../../core/units.ts";
import type { ControlName, SessionState, Speed } from "../session/control-values.ts";
import type { Agreement, ControlValue } from "../session/playhead.ts";
import type { RefusalKind } from "../session/refusal.ts";
import type { Claim } from "./session-claim.ts";

/** What a session is to be, on all shards. */
export type Course = {
  readonly start: Micros | null;
  readonly end: Micros | null;
  readonly speed: Speed;
  readonly state: SessionState;
  readonly pos: Micros | null;
};

/** A course, and how and when it is taken. `at` is by the clock of whoever gets the message. */
export type Step = Course & {
  readonly move: Agreement["move"];
  readonly showsImage: boolean;
  readonly at: Micros;
  /** Archive time that is due at `at`, for paced play; null = nothing is. */
  readonly anchor: Micros | null;
};

type SessionBirth = {
  readonly id: string;
  readonly client: string;
  readonly claim: Claim;
  readonly filter: readonly string[];
};

/** Which change of which session, and by whom. */
export type Round = { readonly id: string; readonly claim: Claim; readonly turn: number };

export type ShardRequest =
  | { readonly do: "clock" }
  | {
      readonly do: "look";
      readonly id: string;
      /** null: of a session that is about to be made. */
      readonly claim: Claim | null;
      readonly hold: boolean;
      readonly near: Micros | null;
    }
  | { readonly do: "stamps"; readonly from: Micros; readonly count: number }
  | {
      readonly do: "make";
      readonly birth: SessionBirth;
      readonly step: Step;
      /** Whether this shard counts sessions. */
      readonly isLimited: boolean;
    }
  | (Round & { readonly do: "prepare"; readonly step: Step })
  | (Round & { readonly do: "commit"; readonly anchor: Micros | null })
  | (Round & { readonly do: "settle" })
  | (Round & { readonly do: "abort" })
  | { readonly do: "end"; readonly id: string; readonly reason: string }
  | { readonly do: "sync"; readonly id: string; readonly inbox: string }
  | {
      readonly do: "write";
      readonly id: string;
      readonly name: ControlName;
      readonly value: unknown;
    };

/** What a shard has, and where it is in a session. */
export type Look = {
  readonly first: Micros | null;
  readonly last: Micros | null;
  readonly played: Micros;
};

export type ShardAnswers = {
  readonly clock: { readonly wall: Micros };
  readonly look: Look;
  readonly stamps: { readonly stamps: readonly Micros[] };
  readonly make: Record<string, never>;
  readonly prepare: { readonly next: Micros | null };
  readonly commit: Record<string, never>;
  readonly settle: Record<string, never>;
  readonly abort: Record<string, never>;
  readonly end: Record<string, never>;
  readonly sync: Record<string, never>;
  readonly write: { readonly value: ControlValue };
};

export type ShardRefusal = { readonly error: string; readonly kind: RefusalKind };

/** To the owner of a session, from a shard that plays its part. `turn` is that of the change it plays by. */
export type ShardNote = {
  readonly note: "dry" | "ended" | "moved" | "trouble" | "grown" | "used";
  readonly id: string;
  readonly shard: number;
  readonly turn: number;
  /** How far it has come. */
  readonly played: Micros;
};
