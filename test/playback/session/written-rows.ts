// Every accepted form of a write to a control, and every refusal: what is shown then, or the text of the error. One table for the
// session host and for each adapter.
import type { ControlName } from "../../../src/playback/session/control-values.ts";
import { at } from "./stage.ts";

export type Row = { readonly write: unknown; readonly shows?: unknown; readonly says?: string };

const speed = (written: string): string =>
  `${written} is not a valid speed: a number above 0, or unlimited`;
const state = (written: string): string => `${written} is not a valid state: play, pause or tail`;

const bound: readonly Row[] = [
  { write: "unbounded", shows: "Unbounded" },
  { write: "  UNBOUNDED ", shows: "Unbounded" },
  { write: "beginning", shows: "Unbounded" },
  { write: "end", shows: "Unbounded" },
  { write: "2026-01-01T00:00:30Z", shows: at(30) },
  { write: "2026-01-01T01:00:30.1234567+01:00", shows: "2026-01-01T00:00:30.123456Z" },
  { write: "Thu, 01 Jan 2026 00:00:30 +0000", shows: at(30) },
  { write: "1 Jan 2026 01:00 GMT", shows: at(3600) },
  { write: "2026-01-01", shows: at(0) },
  { write: "2026-01-01 00:01", shows: at(60) },
  { write: "2026-01-01 00:01:02.5", shows: at(62.5) },
  { write: "-30m", shows: at(1800) },
  { write: "+1.5s", shows: at(3601.5) },
  { write: "-1000000u", shows: at(3599) },
  { write: "-1d", shows: at(3600 - 86_400) },
  { write: "-1h", shows: at(0) },
  { write: "-1y", shows: at(3600 - 365.24 * 86_400) },
  { write: "-1M", shows: at(3600 - (365.24 / 12) * 86_400) },
  { write: "3d", says: "3d is not a valid bound" },
  { write: "-3D", says: "-3D is not a valid bound" },
  { write: "- 3d", says: "- 3d is not a valid bound" },
  { write: "-3", says: "-3 is not a valid bound" },
  { write: 5, says: "5 is not a valid bound" },
  { write: null, says: "null is not a valid bound" },
  { write: "2026-02-30", says: "2026-02-30 is not a valid bound" },
  { write: "2026-01-01T25:00:00Z", says: "2026-01-01T25:00:00Z is not a valid bound" },
  {
    write: "Fri, 01 Jan 2026 00:00:30 +0000",
    says: "Fri, 01 Jan 2026 00:00:30 +0000 is not a valid bound",
  },
  { write: "soon", says: "soon is not a valid bound" },
  { write: "pos+30s", says: "pos+30s is not a valid bound" },
];

/** Of a session at the fifth of ten batches, a second apart. */
export const writtenRows: Readonly<Record<ControlName, readonly Row[]>> = {
  start: bound,
  end: bound,
  pos: [
    { write: "beginning", shows: "2025-12-31T23:59:59.999999Z" },
    { write: "end", shows: at(9) },
    { write: at(4), shows: at(4) },
    { write: "2026-01-01 00:00:05.25", shows: at(5.25) },
    { write: "Thu, 01 Jan 2026 00:00:06 +0000", shows: at(6) },
    { write: "-3597s", shows: at(3) },
    { write: "pos+2s", shows: at(7) },
    { write: "pos-2s", shows: at(3) },
    { write: 1, shows: at(6) },
    { write: -1, shows: at(4) },
    { write: "2", shows: at(7) },
    { write: "+2", shows: at(7) },
    { write: "-2", shows: at(3) },
    { write: 128, shows: at(9) },
    { write: -128, shows: "2025-12-31T23:59:59.999999Z" },
    { write: 0, says: "0 is not a valid seek expression" },
    { write: 129, says: "129 is not a valid seek expression" },
    { write: -129, says: "-129 is not a valid seek expression" },
    { write: "129", says: "129 is not a valid seek expression" },
    { write: 1.5, says: "1.5 is not a valid seek expression" },
    { write: "1.5", says: "1.5 is not a valid seek expression" },
    { write: "3s", says: "3s is not a valid seek expression" },
    { write: "pos 3s", says: "pos 3s is not a valid seek expression" },
    { write: "here", says: "here is not a valid seek expression" },
    { write: true, says: "true is not a valid seek expression" },
  ],
  speed: [
    { write: 2, shows: 2 },
    { write: "0.25", shows: 0.25 },
    { write: "1e3", shows: 1000 },
    { write: "unlimited", shows: "unlimited" },
    { write: "Unlimited", shows: "unlimited" },
    { write: 0, says: speed("0") },
    { write: -1, says: speed("-1") },
    { write: "-1", says: speed("-1") },
    { write: "NaN", says: speed("NaN") },
    { write: "Infinity", says: speed("Infinity") },
    { write: "1e999", says: speed("1e999") },
    { write: "fast", says: speed("fast") },
    { write: "", says: speed('""') },
    { write: {}, says: speed("{}") },
  ],
  state: [
    { write: "play", shows: "play" },
    { write: " PLAY ", shows: "play" },
    { write: "Pause", shows: "pause" },
    { write: "tail", shows: "tail" },
    { write: "stop", says: state("stop") },
    { write: 1, says: state("1") },
  ],
};

// Offsets from now count from the system's clock in an adapter's test, which the table does not know.
const isOfNow = ({ write }: Row): boolean =>
  typeof write === "string" && /^[+-]\d.*[yMdhmsu]$/.test(write);

export const rowsBesidesNow = (name: ControlName): Row[] =>
  writtenRows[name].filter((row) => !isOfNow(row));
