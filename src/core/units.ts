// Units live in the type, so a millisecond cannot be handed to a slot that wants nanoseconds.
declare const unit: unique symbol;
type Unit<Name extends string> = number & { readonly [unit]: Name };

export type Nanos = Unit<"ns">;
/** Of stamps: microseconds since the Unix epoch, UTC, a safe integer. Of durations: may have a fraction. */
export type Micros = Unit<"us">;
export type Millis = Unit<"ms">;
export type Seconds = Unit<"s">;
export type Bytes = Unit<"B">;
export type PerSecond = Unit<"1/s">;

export const nanos = (value: number): Nanos => value as Nanos;
export const micros = (value: number): Micros => value as Micros;
export const millis = (value: number): Millis => value as Millis;
export const seconds = (value: number): Seconds => value as Seconds;
export const bytes = (value: number): Bytes => value as Bytes;
export const perSecond = (value: number): PerSecond => value as PerSecond;

export const nanosFromMillis = (value: Millis): Nanos => nanos(value * 1e6);
export const nanosFromSeconds = (value: Seconds): Nanos => nanos(value * 1e9);
export const secondsFromNanos = (value: Nanos): Seconds => seconds(value / 1e9);
export const millisFromNanos = (value: Nanos): Millis => millis(value / 1e6);
