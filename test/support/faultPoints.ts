import type { SignalSource } from '#connectors/capture/control.ts';
import type { CaptureSink } from '#connectors/capture/types.ts';
import type { Database, Queryable } from '#connectors/sqlserver/connection.ts';

/** Thrown where a process is killed: nothing it does afterwards has an effect. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/**
 * Counts what a process waits for, and kills it before or after one of these calls: `before` means that the call never happened, `after` that
 * it took effect and nobody heard of it. From then on every call of that process fails.
 */
export class FaultPoint {
  calls = 0;
  readonly #target: number;
  readonly #when: 'before' | 'after';
  #dead = false;

  /** `target` counts from 1; 0 kills nothing. */
  constructor(target: number, when: 'before' | 'after') {
    this.#target = target;
    this.#when = when;
  }

  get killed(): boolean {
    return this.#dead;
  }

  async pass<T>(call: () => Promise<T>): Promise<T> {
    if (this.#dead) throw new Killed();
    const here = ++this.calls === this.#target;
    if (here && this.#when === 'before') this.#die();
    const result = await call();
    if (here) this.#die();
    if (this.#dead) throw new Killed();
    return result;
  }

  #die(): never {
    this.#dead = true;
    throw new Killed();
  }

  database(db: Database): Database {
    const watched = (q: Queryable): Queryable => ({
      rows: (...args) => this.pass(() => q.rows(...args)),
      sets: (...args) => this.pass(() => q.sets(...args)),
      query: (...args) => this.pass(() => q.query(...args)),
    });
    return {
      ...db,
      ...watched(db),
      inSnapshot: (work) => db.inSnapshot((transaction) => work(watched(transaction))),
    };
  }

  sink(sink: CaptureSink): CaptureSink {
    const earlierRows = sink.earlierRows?.bind(sink);
    return {
      open: (signal) => this.pass(() => sink.open(signal)),
      adopt: (tables, signal) => this.pass(() => sink.adopt(tables, signal)),
      write: (events, state, signal) => this.pass(() => sink.write(events, state, signal)),
      close: () => sink.close(),
      ...(earlierRows && { earlierRows }),
    };
  }

  signals(source: SignalSource): SignalSource {
    return { read: (from, signal) => this.pass(() => source.read(from, signal)) };
  }
}
