/** What is kept of a puller between its starts: where a single pass stands, and how its images fared. */
export class PullerRecord {
  position = 0;
  readonly #pulls = new Map<number, { pulls: number; failures: number }>();

  count(image: number, succeeded: boolean): void {
    let counts = this.#pulls.get(image);
    if (counts === undefined) {
      counts = { pulls: 0, failures: 0 };
      this.#pulls.set(image, counts);
    }
    if (succeeded) counts.pulls++;
    else counts.failures++;
  }

  get images(): readonly { image: number; pulls: number; failures: number }[] {
    return Array.from(this.#pulls, ([image, counts]) => ({ image, ...counts }));
  }
}
