import { commitLsnOf, endOf, type Position } from '#connectors/capture/position.ts';
import type { ChangeEvent } from '#connectors/capture/types.ts';
import { decrementLsn, formatLsn, type Lsn, lsn, ZERO_LSN } from '#connectors/sqlserver/lsn.ts';
import type { TransactionRecord } from '#schemas/controlRecords.ts';
import type { TransactionBlock } from '#schemas/envelope.ts';

/** A transaction of which changes were written and more may come; kept with the position. */
interface OpenTransaction {
  readonly commitLsn: Lsn;
  readonly timeMs: number;
  total: number;
  readonly tables: Record<string, number>;
}

const FORMAT = 1;

/**
 * Begins, ends and counts of transactions over the changes that are written. A transaction ends with the first change of a later one, or when
 * the position has passed it. Snapshot rows belong to none; nor do changes of a table that is behind the others and catches up, because
 * the end of their transaction was told already.
 */
export class TransactionLog {
  #open: OpenTransaction | null = null;
  /** Transactions up to here are over. */
  #ended: Lsn;
  #records: TransactionRecord[] = [];

  /** Goes on after `position`; `stored` is what `toStore` gave then. */
  constructor(position: Position | null, stored: string | null) {
    const at = position === null ? ZERO_LSN : commitLsnOf(position);
    this.#ended = position === endOf(at) ? at : decrementLsn(at);
    if (stored === null) return;
    const { commitLsn, ...rest } = JSON.parse(stored) as OpenTransaction & { format: number };
    this.#open = { commitLsn: lsn(commitLsn), timeMs: rest.timeMs, total: rest.total, tables: rest.tables };
  }

  /** Counts a change that is written; null when it belongs to no transaction. Call in the order of writing. */
  place(event: ChangeEvent): TransactionBlock | null {
    if (event.op === 'r' || event.asPublished || event.changeLsn === null) return null;
    const { commitLsn } = event;
    if (this.#open?.commitLsn !== commitLsn) {
      if (commitLsn <= (this.#open?.commitLsn ?? this.#ended)) return null;
      this.#end();
      this.#open = { commitLsn, timeMs: event.commitTimeMs, total: 0, tables: {} };
      this.#records.push(record('BEGIN', this.#open));
    }
    const open = this.#open!;
    const table = `${event.table.database}.${event.table.id}`;
    open.total++;
    open.tables[table] = (open.tables[table] ?? 0) + 1;
    return {
      id: formatLsn(commitLsn),
      total_order: BigInt(open.total),
      data_collection_order: BigInt(open.tables[table]),
    };
  }

  /** The begins and ends since the last call, after everything up to `position` was counted. */
  take(position: Position): readonly TransactionRecord[] {
    if (this.#open && position >= endOf(this.#open.commitLsn)) this.#end();
    const records = this.#records;
    this.#records = [];
    return records;
  }

  /** What has to be kept with the position; null when no transaction is open. */
  toStore(): string | null {
    return this.#open && JSON.stringify({ format: FORMAT, ...this.#open });
  }

  /** Gives a function that takes everything back that is counted from now on. */
  checkpoint(): () => void {
    const open = this.#open && { ...this.#open, tables: { ...this.#open.tables } };
    const [ended, records] = [this.#ended, [...this.#records]];
    return () => {
      this.#open = open;
      this.#ended = ended;
      this.#records = records;
    };
  }

  #end(): void {
    if (!this.#open) return;
    this.#records.push(record('END', this.#open));
    this.#ended = this.#open.commitLsn;
    this.#open = null;
  }
}

function record(
  status: TransactionRecord['status'],
  { commitLsn, timeMs, total, tables }: OpenTransaction,
): TransactionRecord {
  const ended = status === 'END';
  const collections = Object.entries(tables).map(([data_collection, count]) => ({
    data_collection,
    event_count: BigInt(count),
  }));
  return {
    status,
    id: formatLsn(commitLsn),
    event_count: ended ? BigInt(total) : null,
    data_collections: ended ? collections : null,
    ts_ms: BigInt(timeMs),
  };
}
