// Byte map of a kept record, in run buffers and spill files. Little-endian; every record starts on a multiple of 8.
//
//   0        4        8            16           24           32           40
//   | length | row    | arrival    | size       | duration   | offset     |
//   | u32    | u32    | f64 µs     | f64 bytes  | f64 s      | f64 bytes  |
//
//   40     42       43     44       46      48       50      52      54      56        58     60      62    64
//   | file | method | kind | status | uri   | client | host  | id    | agent | nameEnd | refAt | range | 0   |
//   | u16  | u8     | u8   | u16    | u16   | u16    | u16   | u16   | u16   | u16     | u16   | u16   | u16 |
//
//   64
//   | uri | client | host | id | agent | range | 0 to 7 bytes of padding |        UTF-8, JSON escapes decoded
//
// `length` covers everything including the padding. `arrival` is a whole number of microseconds since the Unix epoch:
// finer digits of a trace are rounded. `size` is -1 and `status` is 0 where the trace has none. `nameEnd` and `refAt`
// count from the start of the uri; `nameEnd` 0 = no name, `refAt` NONE = no reference. `range` 0 = the whole object.
//
// A keyed record is what is left where only its key is asked for (key-numbers.ts): it begins as the others do.
//
//   0        4        8            16           24
//   | length | key    | arrival    | size       |        `key` NO_KEY = not asked about
//   | u32    | i32    | f64 µs     | f64 bytes  |

export const LENGTH_AT = 0;
export const ROW_AT = 4;
export const ARRIVAL_AT = 8;
export const SIZE_AT = 16;
export const DURATION_AT = 24;
export const OFFSET_AT = 32;
export const FILE_AT = 40;
export const METHOD_AT = 42;
export const KIND_AT = 43;
export const STATUS_AT = 44;
export const URI_LENGTH_AT = 46;
export const CLIENT_LENGTH_AT = 48;
export const HOST_LENGTH_AT = 50;
export const ID_LENGTH_AT = 52;
export const AGENT_LENGTH_AT = 54;
export const NAME_END_AT = 56;
export const REF_START_AT = 58;
export const RANGE_LENGTH_AT = 60;
export const HEAD_BYTES = 64;
export const KEY_AT = 4;
export const KEYED_BYTES = 24;

/** In a keyed record: its kind or method is not asked about. */
export const NO_KEY = -1;

/** In a length: the trace has no such value. In `refAt`: the uri has no reference. */
export const NONE = 0xffff;
/** Longest text of one field; NONE is taken. */
export const TEXT_BYTES_MAX = NONE - 1;
/** Longest range: some ten parts of an object. */
export const RANGE_BYTES_MAX = 256;
/** Most files in one trace: the file index is a u16. */
export const FILES_MAX = 0x10000;

/** Methods that a kept record can have; the index is the code. The first three agree with `Op` of core/operation.ts. */
export const methods = ["GET", "PUT", "HEAD"] as const;

/** Length of a record whose texts take `textBytes`. */
export const recordBytes = (textBytes: number): number => (HEAD_BYTES + textBytes + 7) & ~7;
