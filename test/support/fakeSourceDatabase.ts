import type { ArrayRow, Database, Queryable } from '#connectors/sqlserver/connection.ts';
import { lsnToBuffer } from '#connectors/sqlserver/lsn.ts';
import type { SqlParams } from '#connectors/sqlserver/params.ts';
import * as queries from '#connectors/sqlserver/queries.ts';
import * as snapshots from '#connectors/sqlserver/snapshotQueries.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { type CdcRow, type FakeSource, lsnOf } from './fakeSource.ts';

const bytes = (n: bigint): Buffer => lsnToBuffer(lsnOf(n));

/** Columns of every table as sys.columns shows them. */
const DEFINITION: ArrayRow[] = [
  ['ID', 'int', 4, 10, 0],
  ['V', 'int', 4, 10, 0],
];

/** As the management views write an LSN. */
function numeric(n: bigint): string {
  const hex = lsnOf(n);
  const part = (from: number, to: number): bigint => BigInt(`0x${hex.slice(from, to)}`);
  return String(part(0, 8) * 10n ** 15n + part(8, 16) * 10n ** 5n + part(16, 20));
}

function number(params: SqlParams, name: string): bigint {
  return BigInt(`0x${(params[name]!.value as Buffer).toString('hex')}`);
}

const missing = (what: string): SluiceError => new SluiceError('SQL_OBJECT_MISSING', `Invalid object name '${what}'`);
const denied = (what: string): SluiceError => new SluiceError('SQL_PERMISSION_DENIED', `SELECT was denied on ${what}`);

/** The database of a FakeSource: answers the statements of the reader and no others. */
export function fakeDatabase(source: FakeSource): Database {
  const outside: Queryable = {
    rows: async (text, params) => answer(source, text, params ?? {}).at(-1) ?? [],
    sets: async (text, params) => answer(source, text, params ?? {}),
    query: async <Row extends object>(text: string) => metadata(source, text) as Row[],
  };
  return {
    ...outside,
    where: 'fake',
    execute: () => Promise.reject(new Error('not used')),
    batch: () => Promise.reject(new Error('not used')),
    close: async () => undefined,
    inSnapshot: (work) => {
      let view: ReadonlyMap<number, number> | undefined;
      const unused = (): Promise<never> => Promise.reject(new Error('not used'));
      return work({
        query: unused,
        sets: unused,
        rows: async (text, params) => {
          await source.slow();
          said(source, text);
          if (text === queries.TABLE_DEFINITION) return DEFINITION;
          const table = source.tables.find((t) => text.includes(`[dbo].[${t}]`))!;
          if (!text.startsWith('SAVE TRANSACTION')) return rowsOf(view ?? source.state(table), text, params ?? {});
          const from = source.takeLsn();
          source.during();
          view = new Map(source.state(table));
          source.during();
          return [[numeric(from), numeric(source.takeLsn())]];
        },
      });
    },
  };
}

function said(source: FakeSource, text: string): void {
  source.statements++;
  source.before(text);
}

function answer(source: FakeSource, text: string, params: SqlParams): ArrayRow[][] {
  said(source, text);
  const max = source.maxLsn;
  const inWindow = (from: bigint, to: bigint): readonly bigint[] => source.captured.filter((c) => c >= from && c <= to);
  switch (text) {
    case queries.MAX_CAPTURED_LSN:
      return [[[max === undefined ? null : bytes(max)]]];
    case queries.LOW_WATER_MARKS:
      return [marks(source)];
    case queries.NEWEST_LOG_SCAN:
      return [[[source.scan.session, source.scan.empty]]];
    case queries.COMMIT_TIMES:
      return [
        inWindow(number(params, 'after') + 1n, number(params, 'to'))
          .slice(0, params['rows']!.value as number)
          .map((c) => [bytes(c), new Date(Number(c) * 1000), null]),
      ];
    case queries.COMMIT_TIME_FROM:
      return [
        inWindow(number(params, 'lsn'), 1n << 79n)
          .slice(0, 1)
          .map((c) => [bytes(c), new Date(Number(c) * 1000)]),
      ];
    case queries.CLEANUP_RETENTION:
      return [[[4320]]];
    case queries.DDL_HISTORY:
      return [[]];
    case queries.SOURCE_COLUMNS:
      return [
        source.tables.flatMap((t) => ['ID', 'V'].map((name) => [source.sourceObject(t), name, 'int', false, false, 0])),
      ];
    case queries.TABLE_DEFINITION:
      return [DEFINITION];
    case queries.SERVER_FACTS:
      return [[[15, 3]]];
    case snapshots.CAPTURE_CLOCK:
      return [[['2026-01-01 00:00:00.000', null]]];
    case snapshots.ESTIMATED_ROWS:
      return [[[null]]];
    case snapshots.SNAPSHOT_MEANS:
      return [[[1, 1, 1, 1]]];
  }
  if (text.startsWith('DECLARE @max')) return detected(source, text, max);
  const table = source.tables.find((t) => text.includes(`[dbo_${t}_CT]`));
  if (!table) throw new SluiceError('SQL_REQUEST_FAILED', `the fake source does not know: ${text.slice(0, 120)}`);
  const instance = mayRead(source, table);
  if (text.startsWith('SELECT MAX')) return [[]];
  return [page(instance.rows, source.hasCommandId, params), [[bytes(instance.mark)]]];
}

function marks(source: FakeSource): ArrayRow[] {
  return source.tables.flatMap((t) => {
    const instance = source.instance(t);
    return instance ? [[`dbo_${t}`, bytes(instance.mark)]] : [];
  });
}

function mayRead(source: FakeSource, table: string) {
  const instance = source.instance(table);
  if (!instance) throw missing(`cdc.dbo_${table}_CT`);
  if (source.denied.has(table)) throw denied(`cdc.dbo_${table}_CT`);
  return instance;
}

function detected(source: FakeSource, text: string, max: bigint | undefined): ArrayRow[][] {
  const asked = source.tables.filter((t) => text.includes(`[dbo_${t}_CT]`));
  const newest = asked.map((t) => {
    const rows = mayRead(source, t).rows;
    return [`dbo_${t}`, rows.length === 0 ? null : bytes(rows.at(-1)!.commit)];
  });
  const fingerprint = source.tables.map((t) => source.instance(t)?.objectId ?? 0).join(':');
  const first =
    max === undefined ? [null, null, 0, fingerprint] : [bytes(max), new Date(Number(max) * 1000), 0, fingerprint];
  return [[first], newest, marks(source)];
}

/** Rows after the position in the parameters, in the total order. */
function page(rows: readonly CdcRow[], hasCommandId: boolean, params: SqlParams): ArrayRow[] {
  const command = (n: number): bigint => (hasCommandId ? BigInt(n) : 0n);
  const mark = [
    number(params, 'lsn'),
    command(params['command']!.value as number),
    number(params, 'seqval'),
    BigInt(params['operation']!.value as number),
  ];
  const isAfter = (row: CdcRow): boolean => {
    const parts = [row.commit, command(row.command), row.seq, BigInt(row.op)];
    const differs = parts.findIndex((part, i) => part !== mark[i]);
    return differs >= 0 && parts[differs]! > mark[differs]!;
  };
  return rows
    .filter((row) => row.commit <= number(params, 'to') && isAfter(row))
    .slice(0, params['rows']!.value as number)
    .map((r) => [bytes(r.commit), Number(command(r.command)), bytes(r.seq), r.op, Buffer.from([3]), r.id, r.value]);
}

/** What the reader's statements on the table itself give: a chunk, rows by their keys, or a key some rows on. */
function rowsOf(view: ReadonlyMap<number, number>, text: string, params: SqlParams): ArrayRow[] {
  const value = (name: string): number | undefined =>
    params[name] === undefined ? undefined : Number(params[name].value);
  if (text.includes('VALUES')) {
    const keys = Object.keys(params).map((name) => [Number(/^k(\d+)_0$/.exec(name)![1]), value(name)!] as const);
    return keys.flatMap(([n, id]) => (view.has(id) ? [[n, id, view.get(id)!]] : []));
  }
  const after = value('k0') ?? Number.NEGATIVE_INFINITY;
  const upTo = value('u0') ?? Number.POSITIVE_INFINITY;
  const sorted = [...view].filter(([id]) => id > after && id <= upTo).sort(([a], [b]) => a - b);
  if (text.includes('OFFSET')) return sorted.slice(value('rows')! - 1, value('rows')).map(([id]) => [String(id)]);
  return sorted.slice(0, value('rows')).map(([id, v]) => [id, v]);
}

function metadata(source: FakeSource, text: string): object[] {
  said(source, text);
  const there = source.tables.flatMap((table) => {
    const instance = source.instance(table);
    return instance ? [{ table, instance }] : [];
  });
  switch (text) {
    case queries.CAPTURE_INSTANCES:
      return there.map(({ table, instance }) => ({
        object_id: instance.objectId,
        source_object_id: source.sourceObject(table),
        capture_instance: `dbo_${table}`,
        start_lsn: bytes(instance.mark),
        schema_name: 'dbo',
        table_name: table,
        has_command_id: source.hasCommandId ? 1 : 0,
      }));
    case queries.CAPTURED_COLUMNS:
      return there.flatMap(({ instance }) =>
        ['ID', 'V'].map((column_name, at) => ({
          object_id: instance.objectId,
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
          default_text: null,
          collation_name: null,
        })),
      );
    case queries.KEY_INDEXES:
      return source.tables.map((t) => ({
        object_id: source.sourceObject(t),
        index_id: 1,
        name: 'ID',
        is_nullable: false,
      }));
  }
  throw new Error('unknown metadata query');
}
