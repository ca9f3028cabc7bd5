// Quantiles of Student's t distribution: how far the mean of few values may be off by chance.

const STEPS = 200;
const FINE = 1e-12;
const TINY = 1e-300;

/** log of the gamma function for x > 0. Source: Lanczos' approximation with g = 5, six terms; error below 2e-10. */
function logGamma(x: number): number {
  const terms = [
    76.18009172947146, -86.5053203294168, 24.01409824083091, -1.231739572450155,
    0.1208650973866179e-2, -0.5395239384953e-5,
  ];
  const base = x + 5.5;
  const sum = terms.reduce((total, term, at) => total + term / (x + 1 + at), 1.000000000190015);
  return (x + 0.5) * Math.log(base) - base + Math.log((2.506628274631 * sum) / x);
}

/** The incomplete beta function's continued fraction. Source: DLMF 8.17.22, evaluated after Lentz. */
function betaFraction(a: number, b: number, x: number): number {
  const kept = (value: number): number => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / kept(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let step = 1; step <= STEPS; step++) {
    const twice = 2 * step;
    const even = (step * (b - step) * x) / ((a + twice - 1) * (a + twice));
    d = 1 / kept(1 + even * d);
    c = kept(1 + even / c);
    fraction *= c * d;
    const odd = (-(a + step) * (a + b + step) * x) / ((a + twice) * (a + twice + 1));
    d = 1 / kept(1 + odd * d);
    c = kept(1 + odd / c);
    const change = c * d;
    fraction *= change;
    if (Math.abs(change - 1) < FINE) break;
  }
  return fraction;
}

/** I_x(a, b), 0..1. */
function regularizedBeta(a: number, b: number, x: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  const front = Math.exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x),
  );
  // The fraction converges on this side of the middle; the other side mirrors it.
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(a, b, x)) / a
    : 1 - (front * betaFraction(b, a, 1 - x)) / b;
}

/** Share of all values between -t and t. */
const shareWithin = (t: number, freedom: number): number =>
  1 - regularizedBeta(freedom / 2, 0.5, freedom / (freedom + t * t));

/** t so that the middle `share` (0..1) of the distribution lies within ±t; `freedom` > 0 degrees, not necessarily whole. */
export function studentT(share: number, freedom: number): number {
  let low = 0;
  let high = 1;
  while (shareWithin(high, freedom) < share && high < 1e9) high *= 2;
  for (let step = 0; step < STEPS && high - low > FINE * high; step++) {
    const middle = (low + high) / 2;
    if (shareWithin(middle, freedom) < share) low = middle;
    else high = middle;
  }
  return high;
}
