// A request of a puller, or a whole pull, on its way from a request worker thread to the file of rows, in bytes.
//
//    0 i32 length
//    4 u32 seq
//    8 f64 ready      nanoseconds on the clock of the run; NaN = nobody waited
//   16 f64 sent
//   24 f64 firstByte  NaN = none came
//   32 f64 done
//   40 f64 bytes      received
//   48 i32 puller     or client of a herd
//   52 i32 image      number of the image; -1 = none
//   56 i32 pull       number of the pull; -1 = outside of pulls
//   60 u8 class (workers/pull-classes.ts) | u8 - | u16 status
//   64 u16 attempt | u16 pathBytes
//   68 u16 errorBytes | u16 -
//   72 path           and query, where it was asked of the cache; latin1, cut at ROW_PATH_BYTES_MAX
//      error          kind of failure
export const ROW_SEQ_AT = 4;
export const ROW_READY_AT = 8;
export const ROW_SENT_AT = 16;
export const ROW_FIRST_BYTE_AT = 24;
export const ROW_DONE_AT = 32;
export const ROW_BYTES_AT = 40;
export const ROW_PULLER_AT = 48;
export const ROW_IMAGE_AT = 52;
export const ROW_PULL_AT = 56;
export const ROW_CLASS_AT = 60;
export const ROW_STATUS_AT = 62;
export const ROW_ATTEMPT_AT = 64;
export const ROW_PATH_BYTES_AT = 66;
export const ROW_ERROR_BYTES_AT = 68;
export const ROW_TEXT_AT = 72;

export const ROW_PATH_BYTES_MAX = 4096;
