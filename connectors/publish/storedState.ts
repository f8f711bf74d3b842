import type { CapturedTable, CaptureState, SnapshotProgress } from '#connectors/capture/types.ts';

/**
 * The state as it may be stored. The place of a snapshot is a key of the source; where the key is masked that may not leave the process, so
 * the snapshot of such a table begins again after an interruption.
 */
export function withoutMaskedKeys(state: CaptureState, tables: Iterable<CapturedTable>): CaptureState {
  const masked = new Set<string>();
  for (const { id, instance } of tables) {
    const keys = new Set(instance.keyColumns);
    if (instance.columns.some((column) => column.mask !== undefined && keys.has(column.name))) masked.add(id);
  }
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
