import type { EngineEvent, EngineEvents } from '../../tds/engineSession.ts';
import type { Sink } from './sink.ts';

/** Events a running request may be ahead of its reader. Rows come in batches, so this is a few thousand rows. */
const HIGH_WATER_EVENTS = 16;

/** Carries the events of one request from the code that runs it to the wire, which reads them one after the other. */
class EventChannel implements Sink, AsyncIterator<EngineEvent> {
  #queue: EngineEvent[] = [];
  #head = 0;
  #ended = false;
  /** The wire has stopped reading: events are dropped. */
  #discarding = false;
  #fault: { readonly error: unknown } | null = null;
  #reader: { resolve: (result: IteratorResult<EngineEvent>) => void; reject: (error: unknown) => void } | null = null;
  #drained: (() => void)[] = [];

  emit(event: EngineEvent): void {
    if (this.#discarding) return;
    const reader = this.#reader;
    if (reader) {
      this.#reader = null;
      reader.resolve({ done: false, value: event });
    } else this.#queue.push(event);
  }

  get full(): boolean {
    return !this.#discarding && this.#queue.length - this.#head >= HIGH_WATER_EVENTS;
  }

  drained(): Promise<void> {
    if (!this.full) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  /** The events of a request that has ended. */
  takeAll(): readonly EngineEvent[] {
    return this.#queue;
  }

  /** The request has ended; `fault` when by an exception. */
  end(fault: { readonly error: unknown } | null): void {
    this.#ended = true;
    this.#fault = fault;
    const reader = this.#reader;
    this.#reader = null;
    if (!reader) return;
    if (fault) reader.reject(fault.error);
    else reader.resolve({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<EngineEvent>> {
    if (this.#head < this.#queue.length) {
      const value = this.#queue[this.#head]!;
      this.#head++;
      if (this.#head === this.#queue.length) this.#empty();
      return Promise.resolve({ done: false, value });
    }
    if (this.#fault) return Promise.reject(this.#fault.error);
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<EngineEvent>> {
    this.#discarding = true;
    this.#empty();
    return Promise.resolve({ done: true, value: undefined });
  }

  #empty(): void {
    this.#queue = [];
    this.#head = 0;
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}

/**
 * Runs a request and returns its events: as they come, or all at once when it ended without having to wait for anything. The caller reads
 * them at once; a request that sends much waits until they are read.
 */
export function eventsOf(run: (sink: Sink) => Promise<void> | void): EngineEvents {
  const channel = new EventChannel();
  try {
    const running = run(channel);
    if (!(running instanceof Promise)) return channel.takeAll();
    running.then(
      () => channel.end(null),
      (error: unknown) => channel.end({ error }),
    );
  } catch (error) {
    channel.end({ error });
  }
  return { [Symbol.asyncIterator]: () => channel };
}
