/** Requests that a mistake of the registry's own ended: how many since the start, and what the first one was. */
export class OwnTroubles {
  #count = 0;
  #first: string | null = null;

  note(message: string): void {
    this.#count++;
    this.#first ??= message;
  }

  get count(): number {
    return this.#count;
  }

  get first(): string | null {
    return this.#first;
  }
}
