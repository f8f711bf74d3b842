import type { CapturedTable, CaptureState, SnapshotProgress } from '#connectors/capture/types.ts';

/** Whether a column of the table's primary key is masked. */
export function hasMaskedKey({ instance }: CapturedTable): boolean {
  const keys = new Set(instance.keyColumns);
  return instance.columns.some((column) => column.mask !== undefined && keys.has(column.name));
}

/**
 * The state as it may be stored. The place of a snapshot is a key of the source; where the key is masked that may not leave the process, so
 * the snapshot of such a table (`masked`, by id) begins again after an interruption.
 */
export function withoutMaskedKeys(state: CaptureState, masked: ReadonlySet<string>): CaptureState {
  if (masked.size === 0) return state;
  return {
    ...state,
    tables: Object.fromEntries(
      Object.entries(state.tables).map(([id, table]) =>
        masked.has(id) ? [id, { ...table, snapshot: fromTheStart(table.snapshot) }] : [id, table],
      ),
    ),
    snapshots: state.snapshots.map((s) => (masked.has(s.table) ? { ...s, progress: fromTheStart(s.progress) } : s)),
  };
}

function fromTheStart(progress: SnapshotProgress): SnapshotProgress {
  if (progress.state !== 'running') return progress;
  const { ranges: _, ...rest } = progress;
  return { ...rest, state: 'pending', lastKey: null, rows: 0 };
}
