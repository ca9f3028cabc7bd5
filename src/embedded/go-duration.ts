/** A duration as Go prints it, e.g. `812.506µs`, `13.194815ms`, `1m2.5s`: what readers of registry logs expect. */
export function goDuration(nanoseconds: number): string {
  const whole = Math.max(0, Math.round(nanoseconds));
  if (whole === 0) return "0s";
  if (whole < 1e3) return `${whole}ns`;
  if (whole < 1e6) return `${fraction(whole, 3)}µs`;
  if (whole < 1e9) return `${fraction(whole, 6)}ms`;
  const minutes = Math.floor(whole / 60e9);
  const rest = `${fraction(whole - minutes * 60e9, 9)}s`;
  if (minutes === 0) return rest;
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${minutes}m${rest}` : `${hours}h${minutes % 60}m${rest}`;
}

// Decimal digits without rounding noise: the last `digits` of a whole number become its fraction.
function fraction(whole: number, digits: number): string {
  const text = String(whole).padStart(digits + 1, "0");
  const tail = text.slice(-digits).replace(/0+$/, "");
  return tail === "" ? text.slice(0, -digits) : `${text.slice(0, -digits)}.${tail}`;
}
