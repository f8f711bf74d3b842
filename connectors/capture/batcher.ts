import type { CaptureSink, CaptureState, ChangeEvent } from './types.ts';

/**
 * Collects events and writes them in batches, one write in flight while the next batch fills. The state of a batch covers exactly the
 * events before its end.
 */
export class Batcher {
  readonly #sink: CaptureSink;
  readonly #maxEvents: number;
  readonly #signal: AbortSignal;
  readonly #onWritten: (events: readonly ChangeEvent[], state: CaptureState) => void;
  #events: ChangeEvent[] = [];
  #inFlight: Promise<void> = Promise.resolve();

  constructor(
    sink: CaptureSink,
    maxEvents: number,
    signal: AbortSignal,
    onWritten: (events: readonly ChangeEvent[], state: CaptureState) => void,
  ) {
    this.#sink = sink;
    this.#maxEvents = maxEvents;
    this.#signal = signal;
    this.#onWritten = onWritten;
  }

  /** Adds an event. A full batch is written with `stateAfter()`, unless the event has to stay together with the next one. */
  async add(event: ChangeEvent, stateAfter: () => CaptureState, mayEnd = true): Promise<void> {
    this.#events.push(event);
    if (mayEnd && this.#events.length >= this.#maxEvents) await this.#write(stateAfter());
  }

  /** Writes what is left and waits until everything is stored. An empty rest is written too when `always` is set. */
  async flush(state: CaptureState, always: boolean): Promise<void> {
    if (this.#events.length > 0 || always) await this.#write(state);
    await this.#inFlight;
  }

  async #write(state: CaptureState): Promise<void> {
    const events = this.#events;
    this.#events = [];
    await this.#inFlight;
    this.#signal.throwIfAborted();
    this.#inFlight = this.#sink.write(events, state, this.#signal).then(() => this.#onWritten(events, state));
    // A failure is met at the next write or flush; until then it must not count as unhandled.
    this.#inFlight.catch(() => undefined);
  }
}
