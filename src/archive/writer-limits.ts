import { type Bytes, bytes, type Millis, millis } from "../core/units.ts";
import type { ArchiveWriterOptions } from "./writer-options.ts";

const DEFAULT_IMAGE_BYTES = bytes(67_108_864);
const DEFAULT_FLUSH_BYTES = bytes(65_534 * 4096);
const DEFAULT_FLUSH_INTERVAL = millis(30_000);
/** Sessions of the same process are late by no more than this and one part of an image. */
const DEFAULT_SLICE = millis(2);

/** When a writer acts by itself; 0 is off. */
export type WriterLimits = {
  readonly imageBytes: Bytes;
  readonly flushBytes: Bytes;
  readonly flushInterval: Millis;
  readonly rotateInterval: Millis;
  readonly rotateBytes: Bytes;
  readonly slice: Millis;
};

export const limitsOf = (options: ArchiveWriterOptions): WriterLimits => ({
  imageBytes: options.imageBytes ?? DEFAULT_IMAGE_BYTES,
  flushBytes: options.flushBytes ?? DEFAULT_FLUSH_BYTES,
  flushInterval: options.flushInterval ?? DEFAULT_FLUSH_INTERVAL,
  rotateInterval: options.rotateInterval ?? millis(0),
  rotateBytes: options.rotateBytes ?? bytes(0),
  slice: options.slice ?? DEFAULT_SLICE,
});
