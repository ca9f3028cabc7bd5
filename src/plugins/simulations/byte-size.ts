const sizeText = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?$/i;
const powers = ["", "k", "m", "g", "t"];

/** Bytes of `256MiB`, `1.5GB`, `4096`; `undefined` if it is no size. KiB … TiB are powers of 1024, KB … TB of 1000. */
export function bytesOf(text: string): number | undefined {
  const match = sizeText.exec(text.trim());
  const power = powers.indexOf((match?.[2] ?? "").toLowerCase());
  if (match === null || power < 0) return undefined;
  const base = match[3] === "" ? 1000 : 1024;
  return Math.round(Number(match[1]) * base ** power);
}
