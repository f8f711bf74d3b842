import type { Database } from '../engine/model/database.ts';
import { coerced } from '../engine/query/coerce.ts';
import type { QueryFrame } from '../engine/query/frame.ts';
import type { UnboundSource } from '../engine/query/from.ts';
import type { QueryScope } from '../engine/query/scope.ts';
import { rowsAccess, shapeColumns } from '../engine/query/source.ts';
import type { TableFunction } from '../sql/ast.ts';
import { valueKey } from '../sql/compare.ts';
import { sqlError } from '../sql/errors.ts';
import { compileExpr } from '../sql/expr.ts';
import { binary, nvarchar, type SqlValue } from '../sql/values.ts';
import { type CaptureInstance, type ChangeRow, SYSTEM_COLUMNS } from './captureInstance.ts';
import type { CdcDatabase } from './cdcDatabase.ts';
import { changeTableColumns } from './changeTableSource.ts';
import { lsnBytes } from './lsn.ts';
import { lowerKey, upperKey } from './placeKeys.ts';
import { passesGate } from './readAccess.ts';

/** What a call of one of the functions is about. */
interface Call {
  readonly cdc: CdcDatabase;
  readonly database: Database;
  readonly instance: CaptureInstance;
  /** 'cdc.fn_cdc_get_all_changes_', for error 313, whose text names no more than that. */
  readonly family: string;
}

/** cdc.fn_cdc_get_all_changes_<instance>(from, to, option). */
export function allChangesSource(source: TableFunction, scope: QueryScope, call: Omit<Call, 'family'>): UnboundSource {
  const columns = changeTableColumns(call.instance);
  const captured = columns.slice(SYSTEM_COLUMNS, -1);
  const shape = [columns[0]!, columns[2]!, columns[3]!, columns[4]!, ...captured];
  const family = 'cdc.fn_cdc_get_all_changes_';
  return functionSource(source, scope, { ...call, family }, shape, (rows, option) => {
    if (option !== 'all' && option !== 'all update old') return null;
    const kept = option === 'all' ? rows.filter((row) => row[3] !== 3) : rows;
    return kept.map((row) => [row[0]!, row[2]!, row[3]!, row[4]!, ...row.slice(SYSTEM_COLUMNS, -1)]);
  });
}

/** cdc.fn_cdc_get_net_changes_<instance>(from, to, option). */
export function netChangesSource(source: TableFunction, scope: QueryScope, call: Omit<Call, 'family'>): UnboundSource {
  const { instance } = call;
  const columns = changeTableColumns(instance);
  const shape = [columns[0]!, columns[3]!, columns[4]!, ...columns.slice(SYSTEM_COLUMNS, -1)];
  const family = 'cdc.fn_cdc_get_net_changes_';
  return functionSource(source, scope, { ...call, family }, shape, (rows, option) => {
    if (option !== 'all' && option !== 'all with mask' && option !== 'all with merge') return null;
    return netRows(instance, rows, option);
  });
}

type Produce = (rows: readonly ChangeRow[], option: string) => SqlValue[][] | null;

function functionSource(
  source: TableFunction,
  scope: QueryScope,
  call: Call,
  shape: Parameters<typeof shapeColumns>[0],
  produce: Produce,
): UnboundSource {
  if (source.args.length !== 3) throw sqlError(source.args.length < 3 ? 313 : 8144, source.name.name).at(source.line);
  const from = coerced(compileExpr(source.args[0]!, scope), binary(10));
  const to = coerced(compileExpr(source.args[1]!, scope), binary(10));
  const option = coerced(compileExpr(source.args[2]!, scope), nvarchar(30));
  const access = rowsAccess((f) => {
    const window = windowOf(f, call, from.eval(f), to.eval(f));
    const wanted = option.eval(f);
    const rows = wanted === null ? null : produce(window, String(wanted).trim().toLowerCase());
    if (rows === null) throw badArguments(call);
    return rows;
  }, 1000);
  return {
    exposed: (source.alias ?? source.name.name).toLowerCase(),
    schema: null,
    columns: shapeColumns(shape),
    access,
  };
}

function badArguments(call: Call): ReturnType<typeof sqlError> {
  return sqlError(313, `${call.family} ... `);
}

/** Change rows between two places, both included. 229 for callers without the rights, 313 for anything wrong with the places. */
function windowOf(f: QueryFrame, call: Call, from: SqlValue, to: SqlValue): ChangeRow[] {
  const { cdc, database, instance, family } = call;
  if (!passesGate(f.env, database, instance))
    throw sqlError(229, 'SELECT', `${family.slice(4)}${instance.name}`, database.name, 'cdc');
  const last = cdc.times.last;
  if (!Buffer.isBuffer(from) || !Buffer.isBuffer(to) || !last) throw badArguments(call);
  const tooLow = Buffer.compare(from, lsnBytes(instance.startLsn)) < 0;
  const tooHigh = Buffer.compare(to, lsnBytes(last.startLsn)) > 0;
  if (tooLow || tooHigh || Buffer.compare(from, to) > 0) throw badArguments(call);
  const { changes } = instance;
  const first = changes.countBelow(lowerKey([from], ['lsn'])!, false);
  const end = changes.countBelow(upperKey([to], ['lsn'])!, true);
  const rows: ChangeRow[] = [];
  for (let at = first; at < end; at++) {
    const entry = changes.at(at)!;
    rows.push(...instance.rowsOf(entry.change, entry.commitLsn));
  }
  return rows;
}

interface Net {
  readonly first: ChangeRow;
  last: ChangeRow;
  mask: Buffer | null;
}

/** One row per key: what the window amounts to. Rows that came and went are left out. */
function netRows(instance: CaptureInstance, rows: readonly ChangeRow[], option: string): SqlValue[][] {
  const nets = new Map<string, Net>();
  for (const row of rows) {
    if (row[3] === 3) continue;
    const key = keyText(instance, row);
    const net = nets.get(key);
    if (!net) nets.set(key, { first: row, last: row, mask: row[3] === 4 ? (row[4] as Buffer) : null });
    else {
      net.last = row;
      if (row[3] === 4) net.mask = orMasks(net.mask, row[4] as Buffer);
    }
  }
  const out: SqlValue[][] = [];
  for (const { first, last, mask } of nets.values()) {
    const wasThere = first[3] !== 2;
    const isThere = last[3] !== 1;
    if (!wasThere && !isThere) continue;
    const plain = !isThere ? 1 : wasThere ? 4 : 2;
    const operation = option === 'all with merge' && plain !== 1 ? 5 : plain;
    const shown = option === 'all with mask' && operation === 4 ? mask : null;
    out.push([last[0]!, operation, shown, ...last.slice(SYSTEM_COLUMNS, -1)]);
  }
  return out;
}

function keyText(instance: CaptureInstance, row: ChangeRow): string {
  return instance.keyOrdinals
    .map((ordinal) => {
      const v = row[SYSTEM_COLUMNS + ordinal] ?? null;
      const key = v === null ? '' : String(valueKey(v, instance.columns[ordinal]!.type));
      return `${key.length}:${key}`;
    })
    .join('|');
}

function orMasks(a: Buffer | null, b: Buffer): Buffer {
  if (!a) return b;
  const out = Buffer.from(b);
  for (let i = 0; i < out.length; i++) out[i] = out[i]! | a[i]!;
  return out;
}
