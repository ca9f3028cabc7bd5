import { crc32 } from "node:zlib";

/**
 * CRC-32 (IEEE) that starts from the CRC of the file's UUID: bytes left over from another file never match, not even
 * whole records of one. `seed` is `checksumSeed(uuid)`, or the result of an earlier part.
 */
export const checksum = (bytes: Uint8Array, seed: number): number => crc32(bytes, seed);

export const checksumSeed = (uuid: Uint8Array): number => crc32(uuid);
