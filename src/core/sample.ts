const GOLDEN = 0x9e3779b1;
const TWO_32 = 2 ** 32;

/** Whether a thing with this number is in a sample of so large a share: the same ones each time, spread evenly. */
export const isDrawn = (number: number, share: number): boolean =>
  share >= 1 || (Math.imul(number, GOLDEN) >>> 0) / TWO_32 < share;
