/** Requests of a phase, from a rate times a length: 0.1 s at 70/s are seven, not 7.000000000000001. */
export function wholeWhereNear(count: number): number {
  const whole = Math.round(count);
  return Math.abs(count - whole) < 1e-9 + count * 1e-12 ? whole : count;
}
