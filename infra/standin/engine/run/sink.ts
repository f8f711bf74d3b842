import type { DoneScope, EngineEvent } from '../../tds/engineSession.ts';

/** Where the events of a request go. */
export interface Sink {
  emit(event: EngineEvent): void;
  /** The reader is behind: senders of many rows should wait for `drained`. */
  readonly full: boolean;
  drained(): Promise<void>;
}

/** Throws results away: while a statement inside a function or a discarded call runs. */
export const NO_SINK: Sink = { emit: () => {}, full: false, drained: () => Promise.resolve() };

/** The scope of `done` events of statements at a nesting depth. */
export function doneScope(inProcedure: boolean): DoneScope {
  return inProcedure ? 'inProc' : 'batch';
}
