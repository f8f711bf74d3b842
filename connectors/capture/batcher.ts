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

  push(event: ChangeEvent): void {
    this.#events.push(event);
  }

  /** True when what was collected should be written, as soon as the last event may end a batch. */
  get full(): boolean {
    return this.#events.length >= this.#maxEvents;
  }

  /** Hands what was collected to the sink with the state it leads to; waits only for the batch before. */
  async write(state: CaptureState): Promise<void> {
    const events = this.#events;
    this.#events = [];
    await this.#inFlight;
    this.#signal.throwIfAborted();
    this.#inFlight = this.#sink.write(events, state, this.#signal).then(() => this.#onWritten(events, state));
    // A failure is met at the next write or flush; until then it must not count as unhandled.
    this.#inFlight.catch(() => undefined);
  }

  /** Writes what is left and waits until everything is stored. An empty rest is written too when `always` is set. True when it wrote. */
  async flush(state: CaptureState, always: boolean): Promise<boolean> {
    const wanted = this.#events.length > 0 || always;
    if (wanted) await this.write(state);
    await this.#inFlight;
    return wanted;
  }

  /** Resolves when nothing is on its way any more, whatever became of it. */
  async settled(): Promise<void> {
    await this.#inFlight.catch(() => undefined);
  }
}
