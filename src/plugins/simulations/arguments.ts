import { UsageError } from "../../core/errors.ts";

/** The mapping `simulate.args` of a shipped simulation, read key by key; mistakes are collected and thrown together. */
export class Arguments {
  readonly #plugin: string;
  readonly #given: Readonly<Record<string, unknown>>;
  readonly #mistakes: string[] = [];
  readonly #known = new Set<string>();

  constructor(plugin: string, given: Readonly<Record<string, unknown>> | undefined) {
    this.#plugin = plugin;
    this.#given = given ?? {};
  }

  /** The value of a key; `undefined` where it is not given. */
  value(key: string): unknown {
    this.#known.add(key);
    return this.#given[key] ?? undefined;
  }

  /** `wants` follows "wants", such as "a number above 0, such as 8". */
  mistake(key: string, wants: string): void {
    const value = this.#given[key] ?? undefined;
    const found = value === undefined ? "is missing and" : `is ${JSON.stringify(value)} and`;
    this.#mistakes.push(`simulate.args.${key} ${found} ${this.#plugin} wants ${wants}`);
  }

  truth(key: string, absent: boolean): boolean {
    const value = this.value(key);
    if (value === undefined || typeof value === "boolean") return value ?? absent;
    this.mistake(key, "true or false");
    return absent;
  }

  word<Word extends string>(key: string, words: readonly Word[], absent: Word): Word {
    const value = this.value(key);
    if (value === undefined) return absent;
    const known = words.find((word) => word === value);
    if (known === undefined) this.mistake(key, `one of ${words.join(", ")}`);
    return known ?? absent;
  }

  /** A list, or one of its words alone. Doubles count once. */
  words<Word extends string>(
    key: string,
    words: readonly Word[],
    absent: readonly Word[],
  ): readonly Word[] {
    const value = this.value(key);
    if (value === undefined) return absent;
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    const known = words.filter((word) => list.includes(word));
    const strange = list.some((item) => !words.some((word) => word === item));
    if (strange || known.length === 0) this.mistake(key, `a list of ${words.join(", ")}`);
    return known;
  }

  /** Throws what was found, and keys that nobody has asked for. */
  finish(): void {
    for (const key of Object.keys(this.#given)) {
      if (this.#known.has(key) || key.startsWith("x-")) continue;
      const known = [...this.#known].join(", ");
      this.#mistakes.push(
        `simulate.args.${key} means nothing to ${this.#plugin}; it knows ${known}`,
      );
    }
    if (this.#mistakes.length > 0) throw new UsageError(this.#mistakes);
  }
}
