import { EventEmitter } from "node:events";

/** Events by name, with what their listeners get. */
type EventTable = { readonly [name: string]: readonly unknown[] };

/** Listeners of one object. An `error` without a listener is counted by whoever emits it and ends nothing. */
export class Events<Table extends EventTable> {
  readonly #emitter = new EventEmitter();

  on<Name extends keyof Table & string>(
    name: Name,
    listener: (...values: Table[Name]) => void,
  ): void {
    this.#emitter.on(name, (...values) => listener(...(values as unknown as Table[Name])));
  }

  emit<Name extends keyof Table & string>(name: Name, ...values: Table[Name]): void {
    if (this.#emitter.listenerCount(name) > 0) this.#emitter.emit(name, ...values);
  }
}

/** Whatever was thrown, as an Error. */
export const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown));
