import type { DmlTarget } from '../../sql/astStatements.ts';
import { sqlError } from '../../sql/errors.ts';
import type { Compiled } from '../../sql/exprTypes.ts';
import type { SqlType, SqlValue } from '../../sql/values.ts';
import type { Row, RowData } from '../../store/row.ts';
import type { CompileContext } from '../compile/context.ts';
import type { TableObject } from '../model/tableObject.ts';
import { newFrame } from '../query/frame.ts';
import type { Execution } from '../run/execution.ts';
import { columnAssigner, compiledTable } from './compiledTable.ts';
import { type WriteTarget, writeTarget } from './target.ts';
import { completeRow, insertRows, type Verb } from './writeRows.ts';

/** Marks DEFAULT in a row of values. */
export const DEFAULT_VALUE: unique symbol = Symbol('DEFAULT');

/** How incoming values become rows of a table. */
export interface InsertShape {
  readonly target: WriteTarget;
  /** Positions the values go to, in order. */
  readonly positions: readonly number[];
  readonly convert: readonly ((value: SqlValue) => SqlValue)[];
  /** The list names the identity column. */
  readonly explicitIdentity: boolean;
}

/** The shape of an INSERT of columns of these types. 213 and 120/121 when the numbers differ. */
export function insertShape(
  dml: DmlTarget,
  names: readonly string[] | undefined,
  values: readonly Pick<Compiled, 'type' | 'untypedNull'>[],
  context: CompileContext,
): InsertShape {
  const columns = names ? new Set(names.map((name) => name.toLowerCase())) : null;
  const target = writeTarget(dml, 'INSERT', columns, context);
  return shapeFor(target, names, values, context.session.identityInsert === target.table);
}

export function shapeFor(
  target: WriteTarget,
  names: readonly string[] | undefined,
  values: readonly Pick<Compiled, 'type' | 'untypedNull'>[],
  identityInsert: boolean,
): InsertShape {
  const { table } = target;
  const positions = names ? namedPositions(table, names) : implicitPositions(table, identityInsert, values.length);
  if (positions.length !== values.length)
    throw names ? sqlError(positions.length > values.length ? 120 : 121) : sqlError(213);
  for (const at of positions) refuse(table, at);
  return {
    target,
    positions,
    convert: positions.map((at, i) => converterFor(values[i]!, table, at)),
    explicitIdentity: table.identityAt >= 0 && positions.includes(table.identityAt),
  };
}

function converterFor(
  value: Pick<Compiled, 'type' | 'untypedNull'>,
  table: TableObject,
  at: number,
): (value: SqlValue) => SqlValue {
  if (value.untypedNull) return (v) => v;
  return columnAssigner(value.type, table, table.columns[at]!);
}

function namedPositions(table: TableObject, names: readonly string[]): number[] {
  const positions = names.map((name) => {
    const at = table.columnAt(name);
    if (at < 0) throw sqlError(207, name);
    return at;
  });
  const twice = names.find((_name, i) => positions.indexOf(positions[i]!) !== i);
  if (twice !== undefined) throw sqlError(264, twice);
  return positions;
}

/** Without a column list: all but computed and identity columns; rowversion may be left out or given as DEFAULT or NULL. */
function implicitPositions(table: TableObject, identityInsert: boolean, given: number): number[] {
  const all = table.columns.flatMap((column, at) => (column.dropped || column.computed ? [] : [at]));
  const withoutIdentity = identityInsert ? all : all.filter((at) => at !== table.identityAt);
  if (withoutIdentity.length === given) return withoutIdentity;
  return withoutIdentity.filter((at) => table.columns[at]!.type.k !== 'rowversion');
}

function refuse(table: TableObject, at: number): void {
  const column = table.columns[at]!;
  if (column.computed) throw sqlError(271, column.name);
  if (column.type.k === 'rowversion') throw sqlError(273);
}

/** Builds complete rows from values in the shape's order; fills defaults, identity, computed columns; checks the row's constraints. */
export function buildRows(
  env: Execution,
  shape: InsertShape,
  values: readonly (readonly (SqlValue | typeof DEFAULT_VALUE)[])[],
  verb: Verb,
): RowData[] {
  const table = shape.target.resolve(env);
  checkIdentity(env, table, shape);
  const { defaults } = compiledTable(table, env.session);
  const f = newFrame(env, null, 0);
  const given = new Set(shape.positions);
  return values.map((row) => {
    const data: RowData = new Array<SqlValue>(table.columns.length).fill(null);
    for (let i = 0; i < row.length; i++) {
      const at = shape.positions[i]!;
      const value = row[i]!;
      data[at] = value === DEFAULT_VALUE ? (defaults[at]?.eval(f) ?? null) : shape.convert[i]!(value);
    }
    for (let at = 0; at < defaults.length; at++) if (!given.has(at)) data[at] = defaults[at]?.eval(f) ?? null;
    if (table.identityAt >= 0) setIdentity(env, table, data, shape.explicitIdentity);
    completeRow(env, table, data, verb);
    return data;
  });
}

function checkIdentity(env: Execution, table: TableObject, shape: InsertShape): void {
  if (table.identityAt < 0) return;
  const on = env.session.identityInsert === table;
  if (shape.explicitIdentity && !on) throw sqlError(544, table.name);
  if (!shape.explicitIdentity && on) throw sqlError(545, table.qualifiedName);
}

function setIdentity(env: Execution, table: TableObject, data: RowData, explicit: boolean): void {
  const at = table.identityAt;
  if (explicit) table.noteIdentity(BigInt(data[at] as number | bigint));
  else {
    const next = table.nextIdentity();
    const { type } = table.columns[at]!;
    data[at] = identityValue(next, type);
  }
  const value = BigInt(data[at] as number | bigint);
  if (!table.isVariable) env.session.lastIdentity = value;
  env.scopeIdentity = value;
}

const IDENTITY_LIMITS: Partial<Record<SqlType['k'], bigint>> = {
  tinyint: 255n,
  smallint: 32767n,
  int: 2147483647n,
  bigint: 2n ** 63n - 1n,
};

function identityValue(next: bigint, type: SqlType): SqlValue {
  const limit = IDENTITY_LIMITS[type.k];
  if (limit !== undefined && next > limit) throw sqlError(8115, 'IDENTITY', type.k);
  return type.k === 'bigint' || type.k === 'decimal' ? next : Number(next);
}

/** Inserts rows of values: OUTPUT INTO, SELECT results, procedure results. */
export function insertRowsInto(
  env: Execution,
  shape: InsertShape,
  values: readonly (readonly (SqlValue | typeof DEFAULT_VALUE)[])[],
): { readonly rows: RowData[]; readonly stored: Row[] } {
  const rows = buildRows(env, shape, values, 'INSERT');
  return { rows, stored: insertRows(env, shape.target.resolve(env), rows, 'INSERT') };
}
