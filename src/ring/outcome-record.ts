// The outcome of one operation on its way from a request worker thread to the collector, in bytes.
//
//    0 i32 length
//    4 u32 seq
//    8 f64 due        nanoseconds from the start of the run; NaN = had none
//   16 f64 sent       nanoseconds from the start of the run
//   24 f64 firstByte  NaN = none came
//   32 f64 done
//   40 f64 bytes      received (GET, also partial) or sent (PUT, PUSH)
//   48 f64 traced     duration in the trace, seconds
//   56 u8 op | u8 kind | u8 failure (core/failure.ts) | u8 flags (OutcomeFlag)
//   60 u16 status | u16 attempts
//   64 u16 registry | u16 node
//   68 i32 slot
//   72 u8 how (Disposition) | u8 step (index of steps) | u16 rowBytes
//   76 u16 keyBytes | u16 detailBytes
//   80 32 bytes       SHA-256 of the object
//  112 row            as the feeder wrote it
//      key            as the feeder wrote it
//      detail         why it failed, for people; UTF-8, cut at DETAIL_BYTES_MAX
export const OUTCOME_SEQ_AT = 4;
export const OUTCOME_DUE_AT = 8;
export const OUTCOME_SENT_AT = 16;
export const OUTCOME_FIRST_BYTE_AT = 24;
export const OUTCOME_DONE_AT = 32;
export const OUTCOME_BYTES_AT = 40;
export const OUTCOME_TRACED_AT = 48;
export const OUTCOME_OP_AT = 56;
export const OUTCOME_FAILURE_AT = 58;
export const OUTCOME_FLAGS_AT = 59;
export const OUTCOME_STATUS_AT = 60;
export const OUTCOME_ATTEMPTS_AT = 62;
export const OUTCOME_REGISTRY_AT = 64;
export const OUTCOME_NODE_AT = 66;
export const OUTCOME_SLOT_AT = 68;
export const OUTCOME_HOW_AT = 72;
export const OUTCOME_STEP_AT = 73;
export const OUTCOME_ROW_BYTES_AT = 74;
export const OUTCOME_KEY_BYTES_AT = 76;
export const OUTCOME_DETAIL_BYTES_AT = 78;
export const OUTCOME_DIGEST_AT = 80;
export const OUTCOME_ROW_AT = 112;

export const DETAIL_BYTES_MAX = 240;

/** Sent as early as it counts for on time; waited for a place or its lane; its bytes are those that were sent. */
export const OutcomeFlag = { onTime: 1, waited: 2, sends: 4 } as const;

/**
 * What became of an operation: how the object came to be there (PUT, PUSH), that it was never sent, or that nothing is known of
 * it here: the machine that had it is lost, or could not keep its record.
 */
export const Disposition = {
  sent: 0,
  existing: 1,
  mounted: 2,
  notSent: 3,
  nodeLost: 4,
  rowDropped: 5,
} as const;

/** It was sent, and the record says how it ended. */
export const isTold = (how: number): boolean => how < Disposition.notSent;

/** The requests of a push, in their order. Whatever needs a single request has no other step than 0. */
export const steps = ["head", "mount", "post", "put"] as const;
