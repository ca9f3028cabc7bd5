/** Powers of ten that a double holds exactly. */
const powersOfTen = Float64Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
/** Digits whose sum fits 32 bits. */
export const INT_DIGITS_MAX = 9;
const FORM = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/**
 * The number written in `buffer[from..to)`, equal to what JSON.parse makes of it; NaN if it is none. Makes a string
 * only for exponents and for more digits than a double can sum exactly.
 */
export function readNumber(buffer: Buffer, from: number, to: number): number {
  const negative = buffer[from] === 45;
  let p = negative ? from + 1 : from;
  let value = 0;
  let point = -1;
  const first = p;
  for (; p < to; p++) {
    const byte = buffer[p] as number;
    if (byte >= 48 && byte <= 57) value = value * 10 + (byte - 48);
    else if (byte === 46 && point === -1 && p > first) point = p;
    else return readUnusual(buffer, from, to);
  }
  if (p === first) return Number.NaN;
  const decimals = point === -1 ? 0 : to - point - 1;
  if (value > Number.MAX_SAFE_INTEGER || decimals > 22) return readUnusual(buffer, from, to);
  // Both operands are exact, so that the quotient is rounded once: the nearest double, as the standard asks.
  const magnitude = value / (powersOfTen[decimals] as number);
  return negative ? -magnitude : magnitude;
}

function readUnusual(buffer: Buffer, from: number, to: number): number {
  const text = buffer.toString("latin1", from, to).trim();
  return FORM.test(text) ? Number(text) : Number.NaN;
}

/**
 * The number `whole.firstsecond`, given as integers of up to 9 digits and the digits of the fraction's two parts; NaN if it
 * takes more than an exact sum and one division.
 */
export function decimalOf(
  whole: number,
  first: number,
  firstDigits: number,
  second: number,
  secondDigits: number,
): number {
  const decimals = firstDigits + secondDigits;
  if (decimals === 0 || secondDigits > INT_DIGITS_MAX) return Number.NaN;
  const fraction = first * (powersOfTen[secondDigits] as number) + second;
  const sum = whole * (powersOfTen[decimals] as number) + fraction;
  return sum <= Number.MAX_SAFE_INTEGER ? sum / (powersOfTen[decimals] as number) : Number.NaN;
}
