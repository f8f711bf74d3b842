import type { SqlValue } from '../../sql/values.ts';
import type { RowData } from '../../store/row.ts';
import type { Pull, QueryFrame } from './frame.ts';

/** A frame's row, put aside for sorting, windows or grouping. */
export interface RowState {
  readonly rows: RowData[];
  readonly group: SqlValue[];
  readonly aggregates: SqlValue[];
  windows: SqlValue[];
  keys: string[];
}

function saveState(f: QueryFrame): RowState {
  return { rows: f.rows.slice(), group: f.group, aggregates: f.aggregates, windows: f.windows, keys: [] };
}

export function restoreState(f: QueryFrame, state: RowState): void {
  f.rows = state.rows;
  f.group = state.group;
  f.aggregates = state.aggregates;
  f.windows = state.windows;
}

/** Puts the states into the frame one after the other. */
export function pullStates(f: QueryFrame, states: readonly RowState[]): Pull {
  let at = 0;
  return () => {
    if (at >= states.length) return false;
    restoreState(f, states[at++]!);
    return true;
  };
}

export function collectStates(f: QueryFrame, pull: Pull): RowState[] {
  const states: RowState[] = [];
  while (pull()) states.push(saveState(f));
  return states;
}
