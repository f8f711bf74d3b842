/**
 * Runs asynchronous workers one step at a time in an order that a seed decides. A worker waits at its gate before every effect
 * (a call to Redis, to Elasticsearch, to Kafka); the seed says whose effect happens next and who dies instead.
 */
export class Interleaving {
  #state: number;
  #left: number;
  #waiting: { readonly from: number; release(): void; kill(): void }[] = [];
  #now = 0;
  #running = 0;

  /** `choices`: how many decisions are random; afterwards every choice is 0. */
  constructor(seed: number, choices: number) {
    this.#state = seed | 1;
    this.#left = choices;
  }

  /** The gate of one worker. It rejects with Killed when the worker dies here. Now and then a worker falls asleep for many steps. */
  gate(): () => Promise<void> {
    return () =>
      new Promise<void>((resolve, reject) => {
        const asleep = this.choose(25) === 0 ? this.choose(150) : 0;
        this.#waiting.push({ from: this.#now + asleep, release: resolve, kill: () => reject(new Killed()) });
      });
  }

  /** A number below `limit`. Source: Marsaglia, "Xorshift RNGs", 32-bit variant 13, 17, 5. */
  choose(limit: number): number {
    if (this.#left <= 0) return 0;
    this.#left -= 1;
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  /** From now on every choice is 0: everybody gets on in turn. */
  calm(): void {
    this.#left = 0;
  }

  /** True once in so many calls; never for 0. */
  oneIn(chance: number): boolean {
    return chance > 0 && this.choose(chance) === chance - 1;
  }

  get exhausted(): boolean {
    return this.#left <= 0;
  }

  /** Starts a worker; it may die at a gate, any other error is the test's. */
  spawn(work: () => Promise<void>): void {
    this.#running += 1;
    work()
      .catch((error: unknown) => {
        if (!(error instanceof Killed)) this.#failure ??= error;
      })
      .finally(() => {
        this.#running -= 1;
      });
  }

  #failure: unknown;

  /** Lets one effect happen, or one worker die instead (one in `kill`; 0: never); false when nobody runs. */
  async step(kill: number): Promise<boolean> {
    await settle();
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#running === 0) return false;
    if (this.#waiting.length === 0) return true;
    this.#now = Math.max(this.#now + 1, Math.min(...this.#waiting.map(({ from }) => from)));
    const awake = this.#waiting.filter(({ from }) => from <= this.#now);
    const chosen = awake[this.choose(awake.length)];
    this.#waiting = this.#waiting.filter((waiter) => waiter !== chosen);
    if (kill > 0 && this.choose(kill) === kill - 1) chosen!.kill();
    else chosen!.release();
    await settle();
    if (this.#failure !== undefined) throw this.#failure;
    return true;
  }
}

/** A worker that was killed by the test. */
export class Killed extends Error {}

/** Lets every promise that can go on go on. */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}
