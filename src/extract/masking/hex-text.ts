const NONE = 255;

/** Value of a byte that is a lower-case hexadecimal digit; 255 for all others. */
export const hexValues: Uint8Array = new Uint8Array(256).fill(NONE);
for (let value = 0; value < 16; value++) hexValues[value.toString(16).charCodeAt(0)] = value;

/** Whether a text has lower-case hexadecimal digits only: no token but itself, and no pattern of any other kind. */
export function isHexText(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit > 127 || hexValues[unit] === NONE) return false;
  }
  return true;
}
