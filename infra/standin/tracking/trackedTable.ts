import type { SqlValue } from '../sql/values.ts';

/** What a commit did to one key of a tracked table. */
export interface TrackedChange {
  readonly version: number;
  /** Number of the commit: a snapshot opened before it does not see it. 0 for changes of before a restart. */
  readonly seq: number;
  readonly op: 'I' | 'U' | 'D';
  /** Encoded primary key, and its values. */
  readonly key: string;
  readonly keyValues: readonly SqlValue[];
  /** Numbers of the columns an update changed; null = not recorded. */
  readonly columns: readonly number[] | null;
  readonly context: Buffer | null;
}

/** A commit's changes of the tracked tables of one database. */
export interface TrackedCommit {
  readonly database: number;
  readonly version: number;
  readonly ms: number;
  readonly changes: readonly (readonly [table: number, change: TrackedChange])[];
}

/** A row of CHANGETABLE(CHANGES …). */
export interface NetChange {
  readonly version: number;
  readonly creationVersion: number | null;
  readonly op: 'I' | 'U' | 'D';
  readonly columns: readonly number[] | null;
  readonly context: Buffer | null;
  readonly keyValues: readonly SqlValue[];
}

/** Change tracking of one table: the changes of each key since tracking began or clean-up last passed. */
export class TableTracking {
  readonly tracksColumns: boolean;
  readonly beginVersion: number;
  /** CHANGE_TRACKING_MIN_VALID_VERSION */
  minValidVersion: number;
  readonly #changes = new Map<string, TrackedChange[]>();

  constructor(tracksColumns: boolean, beginVersion: number, minValidVersion = beginVersion) {
    this.tracksColumns = tracksColumns;
    this.beginVersion = beginVersion;
    this.minValidVersion = minValidVersion;
  }

  get image(): { tracksColumns: boolean; beginVersion: number; minValidVersion: number } {
    const { tracksColumns, beginVersion, minValidVersion } = this;
    return { tracksColumns, beginVersion, minValidVersion };
  }

  add(change: TrackedChange): void {
    const list = this.#changes.get(change.key);
    if (list) list.push(change);
    else this.#changes.set(change.key, [change]);
  }

  /** The net change of every key after `since` as far as a reader at `snapshot` sees it, in the order of versions. */
  changesSince(since: number, snapshot: number): NetChange[] {
    const found: NetChange[] = [];
    for (const list of this.#changes.values()) {
      const window = list.filter((change) => change.version > since && change.seq <= snapshot);
      if (window.length > 0) found.push(netOf(window));
    }
    return found.sort((a, b) => a.version - b.version);
  }

  /** The last change of a key that a reader at `snapshot` sees. */
  lastChange(key: string, snapshot: number): TrackedChange | undefined {
    return this.#changes.get(key)?.findLast((change) => change.seq <= snapshot);
  }

  /** Forgets changes up to a version; readers who have not come that far must begin anew. */
  forgetUntil(version: number): void {
    if (version <= this.minValidVersion) return;
    this.minValidVersion = version;
    for (const [key, list] of this.#changes) {
      const left = list.filter((change) => change.version > version);
      if (left.length === 0) this.#changes.delete(key);
      else if (left.length < list.length) this.#changes.set(key, left);
    }
  }

  /** Every change that is kept, for the log on disk. */
  *all(): Generator<TrackedChange> {
    for (const list of this.#changes.values()) yield* list;
  }
}

/**
 * Several changes of a key as one: an insert when the key did not exist before, a delete when it does not exist now, otherwise an update. A
 * key that was inserted and deleted in between shows as a delete.
 */
function netOf(window: readonly TrackedChange[]): NetChange {
  const last = window.at(-1)!;
  const op = last.op === 'D' ? 'D' : window[0]!.op === 'I' ? 'I' : 'U';
  const { version, context, keyValues } = last;
  const creationVersion = window.findLast((change) => change.op === 'I')?.version ?? null;
  return { version, creationVersion, op, columns: op === 'U' ? columnsOf(window) : null, context, keyValues };
}

function columnsOf(window: readonly TrackedChange[]): readonly number[] | null {
  const all = new Set<number>();
  for (const { op, columns } of window) {
    if (op !== 'U' || columns === null) return null;
    for (const column of columns) all.add(column);
  }
  return [...all].sort((a, b) => a - b);
}
