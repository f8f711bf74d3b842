import { describeError } from '#infra/runtime/errors.ts';
import type { CaptureSignal, ReceivedSignal, SignalSource } from './control.ts';
import type { SessionState } from './sessionState.ts';
import { parseFilter } from './snapshotFilter.ts';
import { tellsDeletes } from './snapshotSweep.ts';
import type { TableControl } from './tableControl.ts';
import type { AdHocSnapshot, CapturedTable } from './types.ts';

/** What applying signals needs. */
export interface SignalContext {
  readonly state: SessionState;
  readonly control: TableControl;
  readonly configured: readonly string[];
  readonly tableOf: (id: string) => CapturedTable;
}

/** Thrown when a signal asks for what cannot be done; shown to whoever sent it. */
class Refused extends Error {}

/** Takes the signals that came since the stored offset. The offset is part of the state, so each takes effect once. */
export async function applySignals(source: SignalSource, context: SignalContext, signal: AbortSignal): Promise<void> {
  for (const received of await source.read(context.state.signalOffset, signal)) take(received, context);
}

function take(received: ReceivedSignal, context: SignalContext): void {
  const { offset } = received;
  const { control, state } = context;
  const next = String(BigInt(offset) + 1n);
  const refuse = (reason: string): void => {
    control.notify({ type: 'signal_refused', offset, reason });
    state.signalTaken(next, { offset, outcome: 'refused', reason });
  };
  if (received.error) {
    refuse(describeError(received.error));
  } else {
    try {
      apply(received.signal, offset, context);
      control.notify({ type: 'signal_applied', offset, signal: received.signal.type });
      state.signalTaken(next, { offset, outcome: 'applied', reason: null });
    } catch (error) {
      // Whatever a signal leads to, it must not be met again and again.
      refuse(error instanceof Refused ? error.message : describeError(error));
    }
  }
}

function apply(signal: CaptureSignal, offset: string, context: SignalContext): void {
  const { state, control } = context;
  switch (signal.type) {
    case 'pause':
    case 'resume': {
      const paused = signal.type === 'pause';
      if (state.paused === paused) throw new Refused(paused ? 'it is paused already' : 'it is not paused');
      state.setPaused(paused);
      control.notify({ type: paused ? 'paused' : 'resumed' });
      return;
    }
    case 'snapshot': {
      const { type: _, table, id = `snapshot-${offset}`, ...rest } = signal;
      const wanted = { ...rest, id, table: idOf(table, context.configured) };
      if (state.snapshots.some((s) => s.id === id) || state.table(id)) throw new Refused(`${id} is being read already`);
      checkSnapshot(context.tableOf(wanted.table), wanted);
      control.addSnapshot(wanted, 'requested');
      return;
    }
    case 'pause-snapshot':
    case 'resume-snapshot':
      pauseSnapshots(signal.id, signal.type === 'pause-snapshot', context);
      return;
    case 'stop-snapshot':
      stopSnapshots(signal.id, context);
      return;
    case 'resume-table': {
      const id = idOf(signal.table, context.configured, Object.keys(state.current.tables));
      if (!state.table(id)?.stopped) throw new Refused(`table ${id} is not stopped`);
      control.resume(id, signal.how);
      return;
    }
    case 'log':
      control.notify({ type: 'log', message: signal.message });
  }
}

/** @throws SluiceError, Refused that say what is wrong with a condition or a key */
function checkSnapshot(
  { instance }: CapturedTable,
  wanted: Pick<AdHocSnapshot, 'where' | 'fromKey' | 'toKey' | 'keys'>,
): void {
  if (wanted.where !== undefined) parseFilter(wanted.where, instance.columns);
  if (wanted.keys !== undefined && !tellsDeletes(instance))
    throw new Refused('its records are not keyed by the primary key as it is: rows cannot be read by key');
  for (const key of [wanted.fromKey, wanted.toKey, ...(wanted.keys ?? [])]) {
    if (key && key.length !== instance.keyColumns.length)
      throw new Refused(`a key of this table has ${instance.keyColumns.length} parts, found ${key.length}`);
  }
}

/** The id of a table as it is captured, capitals alike. */
function idOf(name: string, ...lists: readonly (readonly string[])[]): string {
  const found = lists.flat().find((id) => id.toLowerCase() === name.toLowerCase());
  if (!found) throw new Refused(`table ${name} is not captured`);
  return found;
}

function pauseSnapshots(id: string | undefined, paused: boolean, { state, control, configured }: SignalContext): void {
  const type = paused ? 'snapshot_paused' : 'snapshot_resumed';
  const of = (job: string): boolean => id === undefined || job.toLowerCase() === id.toLowerCase();
  const own = configured.filter(
    (t) => of(t) && state.table(t)!.snapshot.state !== 'done' && (state.table(t)!.snapshotPaused ?? false) !== paused,
  );
  const asked = state.snapshots.filter((s) => of(s.id) && s.paused !== paused);
  if (own.length + asked.length === 0) throw new Refused(id === undefined ? 'there is none' : `there is no ${id}`);
  for (const table of own) {
    state.pauseSnapshot(table, paused);
    control.notify({ type, id: table, table });
  }
  state.setSnapshots(state.snapshots.map((s) => (asked.includes(s) ? { ...s, paused } : s)));
  for (const s of asked) control.notify({ type, id: s.id, table: s.table });
}

function stopSnapshots(id: string | undefined, { state, control, configured }: SignalContext): void {
  const of = (job: string): boolean => id === undefined || job.toLowerCase() === id.toLowerCase();
  const own = configured.filter((t) => of(t) && state.table(t)!.snapshot.state !== 'done' && !state.table(t)!.stopped);
  const asked = state.snapshots.filter((s) => of(s.id));
  if (own.length + asked.length === 0) throw new Refused(id === undefined ? 'there is none' : `there is no ${id}`);
  for (const table of own) {
    state.setProgress(table, { ...state.table(table)!.snapshot, state: 'done' });
    control.notify({ type: 'snapshot_aborted', id: table, table });
  }
  state.setSnapshots(state.snapshots.filter((s) => !asked.includes(s)));
  for (const s of asked) control.notify({ type: 'snapshot_aborted', id: s.id, table: s.table });
}
