const US_PER_MS = 1000;

/** Whether a time is spelt as published traces spell theirs: `T`, `Z`, and at most nine digits of a fraction. */
const PUBLISHED = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

/** A fraction with more digits than microseconds have, other than zeros. */
const FINER = /\.\d{6}0*[1-9]/;

/** Whether a time loses digits when it is taken for whole microseconds. */
export const isFinerThanUs = (text: string): boolean => FINER.test(text);

/** Microseconds since the Unix epoch as in the native format: three digits of a fraction, six where it takes them. */
export function timeText(us: number): string {
  const ms = Math.floor(us / US_PER_MS);
  const text = new Date(ms).toISOString();
  const rest = us - ms * US_PER_MS;
  return rest === 0 ? text : `${text.slice(0, -1)}${String(rest).padStart(3, "0")}Z`;
}

/** A traced time as other readers of the native format expect it: as it was if it is spelt so, otherwise made anew. */
export const publishedTime = (text: string, us: number): string =>
  PUBLISHED.test(text) ? text : timeText(us);
