import { UsageError } from "../../core/errors.ts";
import { parseSize } from "../../embedded/quantity.ts";

/** With less, tables of distinct values would be read from the disk thousands of times. */
const MEMORY_BYTES_MIN = 4 << 20;

/** `--memory-limit` in bytes. */
export function memoryLimit(text: string): number {
  const bytes = parseSize(text, "--memory-limit");
  if (bytes < MEMORY_BYTES_MIN) throw new UsageError("--memory-limit wants at least 4MiB");
  return bytes;
}
