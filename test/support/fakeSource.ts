import type { ArrayRow, Database, Queryable } from '#connectors/sqlserver/connection.ts';
import { type Lsn, lsn, lsnToBuffer } from '#connectors/sqlserver/lsn.ts';
import type { SqlParams } from '#connectors/sqlserver/params.ts';
import * as queries from '#connectors/sqlserver/queries.ts';
import { SluiceError } from '#infra/runtime/errors.ts';

/** One row of a change table. */
interface CdcRow {
  readonly commit: bigint;
  readonly command: number;
  readonly seq: bigint;
  readonly op: 1 | 2 | 3 | 4;
  readonly id: number;
  readonly value: number;
}

interface Transaction {
  readonly commit: bigint;
  readonly rows: readonly { readonly table: string; readonly row: CdcRow }[];
}

/** A write of the workload; `id` → row, `to` is the new key of a key update. */
export type Write =
  | { readonly kind: 'insert' | 'update'; readonly table: string; readonly id: number; readonly value: number }
  | { readonly kind: 'delete'; readonly table: string; readonly id: number }
  | { readonly kind: 'rekey'; readonly table: string; readonly id: number; readonly to: number };

/** What a key held at a place in the log; null = it did not exist. */
export interface Version {
  readonly commit: Lsn;
  readonly seq: Lsn;
  readonly value: number | null;
}

const toLsn = (n: bigint): Lsn => lsn(n.toString(16).padStart(20, '0'));
const bytes = (n: bigint): Buffer => lsnToBuffer(toLsn(n));
const numeric = (n: bigint): string => {
  const hex = toLsn(n);
  const part = (from: number, to: number): bigint => BigInt(`0x${hex.slice(from, to)}`);
  return String(part(0, 8) * 10n ** 15n + part(8, 16) * 10n ** 5n + part(16, 20));
};

/**
 * A source with tables (ID int, V int), a log, and a capture job that runs only when told: it answers exactly the statements the reader
 * sends. `before` runs ahead of each statement, so that a test can let anything happen in between.
 */
export class FakeSource {
  readonly tables: readonly string[];
  readonly history: { readonly table: string; readonly id: number; readonly version: Version }[] = [];
  /** Called before each statement with its text; may throw. `during` is called while a snapshot's view is being fixed. */
  before: (text: string) => void = () => undefined;
  during: () => void = () => undefined;
  /** Awaited before each statement inside a snapshot's transaction: reading a chunk takes time, and the world goes on. */
  slow: () => Promise<void> = () => Promise.resolve();
  #next = 100n;
  readonly #rows = new Map<string, Map<number, number>>();
  readonly #pending: Transaction[] = [];
  readonly #captured: Transaction[] = [];
  readonly #change = new Map<string, CdcRow[]>();
  readonly #startLsn: bigint;
  #scan = { session: 1, empty: 0 };

  constructor(tables: readonly string[], seed: Readonly<Record<string, readonly (readonly [number, number])[]>>) {
    this.tables = tables;
    for (const table of tables) {
      this.#rows.set(table, new Map(seed[table] ?? []));
      this.#change.set(table, []);
      for (const [id, value] of seed[table] ?? []) {
        this.history.push({ table, id, version: { commit: toLsn(0n), seq: toLsn(0n), value } });
      }
    }
    this.#startLsn = this.#next++;
  }

  state(table: string): ReadonlyMap<number, number> {
    return this.#rows.get(table)!;
  }

  get uncaptured(): number {
    return this.#pending.length;
  }

  get lastCommit(): Lsn {
    return toLsn([...this.#captured, ...this.#pending].at(-1)?.commit ?? this.#startLsn);
  }

  /** Commits the writes that make sense as one transaction. */
  commit(writes: readonly Write[]): void {
    const begun = writes.flatMap((write, i) => this.#apply(write, i + 1));
    if (begun.length === 0) return;
    const commit = this.#next++;
    const rows = begun.map(({ table, row }) => ({ table, row: { ...row, commit } }));
    this.#pending.push({ commit, rows });
    for (const { table, row } of rows) {
      if (row.op === 3) continue;
      const version = { commit: toLsn(commit), seq: toLsn(row.seq), value: row.op === 1 ? null : row.value };
      this.history.push({ table, id: row.id, version });
    }
  }

  /** Lets the capture job read up to `count` transactions; one scan. */
  capture(count: number): void {
    if (count === 0) return;
    const taken = this.#pending.splice(0, count);
    if (taken.length > 0) this.#scan = { session: this.#scan.session + 1, empty: 0 };
    else this.#scan = { ...this.#scan, empty: this.#scan.empty + 1 };
    for (const transaction of taken) {
      this.#captured.push(transaction);
      for (const { table, row } of transaction.rows) this.#change.get(table)!.push(row);
    }
  }

  database(): Database {
    const outside: Queryable = {
      rows: async (text, params) => this.#outside(text, params ?? {}),
      query: async <Row extends object>(text: string) => this.#metadata(text) as Row[],
    };
    return {
      ...outside,
      where: 'fake',
      execute: () => Promise.reject(new Error('not used')),
      batch: () => Promise.reject(new Error('not used')),
      close: async () => undefined,
      inSnapshot: (work) => {
        let view: Map<number, number> | undefined;
        return work({
          query: () => Promise.reject(new Error('not used')),
          rows: async (text, params) => {
            await this.slow();
            this.before(text);
            const table = this.tables.find((t) => text.includes(`FROM [dbo].[${t}]`))!;
            if (text.startsWith('SAVE TRANSACTION')) {
              const from = this.#next++;
              this.during();
              view = new Map(this.#rows.get(table)!);
              this.during();
              return [[numeric(from), numeric(this.#next++)]];
            }
            return chunk(view!, params ?? {});
          },
        });
      },
    };
  }

  #apply(write: Write, command: number): { table: string; row: Omit<CdcRow, 'commit'> }[] {
    const { table, id } = write;
    const rows = this.#rows.get(table)!;
    const old = rows.get(id);
    if ((write.kind === 'insert') === (old !== undefined)) return [];
    const seq = this.#next++;
    const made = (op: CdcRow['op'], rowId: number, value: number, at = command) => ({
      table,
      row: { command: at, seq, op, id: rowId, value },
    });
    switch (write.kind) {
      case 'insert':
        rows.set(id, write.value);
        return [made(2, id, write.value)];
      case 'update':
        rows.set(id, write.value);
        return [made(3, id, old!), made(4, id, write.value)];
      case 'delete':
        rows.delete(id);
        return [made(1, id, old!)];
      case 'rekey':
        if (rows.has(write.to)) return [];
        rows.delete(id);
        rows.set(write.to, old!);
        return [made(1, id, old!), made(2, write.to, old!)];
    }
  }

  #outside(text: string, params: SqlParams): ArrayRow[] {
    this.before(text);
    const max = this.#captured.at(-1)?.commit;
    switch (text) {
      case queries.MAX_CAPTURED_LSN:
        return [[max === undefined ? null : bytes(max)]];
      case queries.LOW_WATER_MARKS:
        return this.tables.map((t) => [`dbo_${t}`, bytes(this.#startLsn)]);
      case queries.NEWEST_LOG_SCAN:
        return [[this.#scan.session, this.#scan.empty]];
      case queries.COMMIT_TIMES:
        return this.#captured
          .filter((t) => t.commit > number(params, 'after') && t.commit <= number(params, 'to'))
          .slice(0, params['rows']!.value as number)
          .map((t) => [bytes(t.commit), new Date(Number(t.commit) * 1000)]);
    }
    if (text.startsWith('DECLARE @max')) {
      return this.tables.map((t) => {
        const newest = this.#change.get(t)!.at(-1)?.commit;
        const shown = max === undefined ? null : bytes(max);
        return [`dbo_${t}`, shown, newest === undefined ? null : bytes(newest), bytes(this.#startLsn), 0];
      });
    }
    const table = this.tables.find((t) => text.includes(`[dbo_${t}_CT]`));
    if (!table) throw new SluiceError('SQL_REQUEST_FAILED', `the fake source does not know: ${text.slice(0, 80)}`);
    return this.#page(table, params);
  }

  #page(table: string, params: SqlParams): ArrayRow[] {
    const mark = [
      number(params, 'lsn'),
      BigInt(params['command']!.value as number),
      number(params, 'seqval'),
      BigInt(params['operation']!.value as number),
    ];
    const isAfter = (row: CdcRow): boolean => {
      const parts = [row.commit, BigInt(row.command), row.seq, BigInt(row.op)];
      const differs = parts.findIndex((part, i) => part !== mark[i]);
      return differs >= 0 && parts[differs]! > mark[differs]!;
    };
    return this.#change
      .get(table)!
      .filter((row) => row.commit <= number(params, 'to') && isAfter(row))
      .slice(0, params['rows']!.value as number)
      .map((r) => [bytes(r.commit), r.command, bytes(r.seq), r.op, Buffer.from([3]), r.id, r.value]);
  }

  #metadata(text: string): object[] {
    this.before(text);
    const object = (i: number) => ({ object_id: 1000 + i, source_object_id: i });
    switch (text) {
      case queries.CAPTURE_INSTANCES:
        return this.tables.map((t, i) => ({
          ...object(i),
          capture_instance: `dbo_${t}`,
          start_lsn: bytes(this.#startLsn),
          schema_name: 'dbo',
          table_name: t,
          has_command_id: 1,
        }));
      case queries.CAPTURED_COLUMNS:
        return this.tables.flatMap((_, i) =>
          ['ID', 'V'].map((column_name, at) => ({
            object_id: object(i).object_id,
            column_name,
            column_ordinal: at + 1,
            is_computed: false,
            type_name: 'int',
            max_length: 4,
            precision: 10,
            scale: 0,
            source_type: 'int',
            source_length: 4,
            source_precision: 10,
            source_scale: 0,
            is_nullable: false,
            collation_name: null,
            default_text: null,
          })),
        );
      case queries.KEY_INDEXES:
        return this.tables.map((_, i) => ({ object_id: i, index_id: 1, name: 'ID', is_nullable: false }));
    }
    throw new Error('unknown metadata query');
  }
}

function number(params: SqlParams, name: string): bigint {
  return BigInt(`0x${(params[name]!.value as Buffer).toString('hex')}`);
}

function chunk(view: ReadonlyMap<number, number>, params: SqlParams): ArrayRow[] {
  const after = params['k0'] === undefined ? Number.NEGATIVE_INFINITY : Number(params['k0'].value);
  return [...view]
    .filter(([id]) => id > after)
    .sort(([a], [b]) => a - b)
    .slice(0, params['rows']!.value as number)
    .map(([id, value]) => [id, value, String(id)]);
}
