import type { ColumnDefinition, TableConstraint, TableDefinition } from '../../sql/astDdl.ts';
import { findCollation } from '../../sql/collation.ts';
import { sqlError } from '../../sql/errors.ts';
import type { SqlType } from '../../sql/values.ts';
import type { IndexOptions } from '../../store/tableTypes.ts';
import { resolveTypeRef } from '../compile/types.ts';
import type { CheckConstraint, Column } from '../model/columns.ts';
import type { Database } from '../model/database.ts';
import type { Schema } from '../model/schema.ts';
import type { KeyConstraint, TableObject } from '../model/tableObject.ts';
import { generatedName } from './names.ts';
import { newTableObject } from './storeTable.ts';

export interface TableBlueprint {
  readonly database: Database;
  /** Where types are looked up: not the same for temp tables, which live in tempdb. */
  readonly typesFrom: Database;
  readonly schema: Schema;
  readonly name: string;
  readonly definition: TableDefinition;
  readonly isVariable: boolean;
  readonly nowMs: number;
  /** Types of computed columns, by name in lower case: known only after compiling their expressions. */
  computedType(definition: ColumnDefinition, columns: readonly Column[]): { type: SqlType; nullable: boolean };
}

/** Makes a table from its definition, foreign keys apart. */
export function buildTable(blueprint: TableBlueprint): TableObject {
  const { definition, database, name } = blueprint;
  const primary = definition.constraints.find((constraint) => constraint.k === 'primaryKey');
  const columns: Column[] = [];
  for (const column of definition.columns) {
    if (columns.some((other) => other.name.toLowerCase() === column.name.toLowerCase()))
      throw sqlError(2705, column.name, name);
    columns.push(buildColumn(column, columns, blueprint, isKeyColumn(column.name, primary)));
  }
  if (columns.filter((column) => column.identity).length > 1) throw sqlError(2744, name);
  const keys: KeyConstraint[] = [];
  const indexes: IndexOptions[] = [];
  for (const constraint of definition.constraints) {
    if (constraint.k !== 'primaryKey' && constraint.k !== 'unique') continue;
    const { key, index } = buildKey(constraint, columns, name, database);
    if (key.primary && keys.some((other) => other.primary)) throw sqlError(8110, name);
    keys.push(key);
    indexes.push(index);
  }
  for (const index of definition.indexes) {
    const positions = index.columns.map((column) => positionOf(columns, column.name));
    indexes.push({
      name: index.name,
      columns: positions,
      unique: index.unique,
      primary: false,
      constraint: false,
      clustered: index.clustered,
    });
  }
  const table = newTableObject({
    id: database.nextObjectId(),
    database,
    schema: blueprint.schema,
    name,
    columns,
    indexes: onlyOneClustered(indexes),
    isVariable: blueprint.isVariable,
    nowMs: blueprint.nowMs,
  });
  table.keys = keys;
  table.checks = buildChecks(definition.constraints, columns, name, database);
  for (const constraint of [...definition.constraints, ...definition.indexes])
    if ('columns' in constraint && !('table' in constraint)) noteDescending(table, constraint);
  return table;
}

function noteDescending(
  table: TableObject,
  from: { readonly name?: string | undefined; readonly columns: readonly { readonly descending: boolean }[] },
): void {
  const name = from.name ?? table.keys.find((key) => key.generated)?.name;
  if (name) table.indexInfo.set(name, { name, descending: from.columns.map((c) => c.descending), included: [] });
}

function isKeyColumn(name: string, primary: TableConstraint | undefined): boolean {
  if (primary?.k !== 'primaryKey') return false;
  return primary.columns.some((column) => column.name.toLowerCase() === name.toLowerCase());
}

export function positionOf(columns: readonly Column[], name: string): number {
  const at = columns.findIndex((column) => !column.dropped && column.name.toLowerCase() === name.toLowerCase());
  if (at < 0) throw sqlError(1911, name);
  return at;
}

/** A PRIMARY KEY is clustered unless said otherwise or something else is. */
function onlyOneClustered(indexes: readonly IndexOptions[]): IndexOptions[] {
  let taken = false;
  return indexes.map((index) => {
    const clustered = index.clustered && !taken;
    taken ||= clustered;
    return { ...index, clustered };
  });
}

/** A column from its definition. `inKey` makes it NOT NULL. */
export function buildColumn(
  definition: ColumnDefinition,
  before: readonly Column[],
  blueprint: Pick<TableBlueprint, 'database' | 'typesFrom' | 'name' | 'computedType'>,
  inKey: boolean,
): Column {
  const { name } = definition;
  const shared = { name, rowGuid: definition.rowGuid, dropped: false };
  if (definition.computed) {
    const { type, nullable } = blueprint.computedType(definition, before);
    return { ...shared, type, typeName: type.k, nullable: nullable && !inKey, computed: definition.computed };
  }
  const resolved = resolveTypeRef(definition.type!, blueprint.typesFrom);
  const identity = definition.identity;
  const never = inKey || identity !== undefined;
  if (never && definition.nullable === true)
    throw inKey ? sqlError(8111, blueprint.name) : sqlError(8147, name, blueprint.name);
  const rowversion = resolved.type.k === 'rowversion';
  return {
    ...shared,
    type: resolved.type,
    typeName: resolved.name,
    nullable: !never && (definition.nullable ?? (!rowversion && resolved.nullable)),
    collation: definition.collation ? findCollation(definition.collation) : undefined,
    identity,
    default: definition.default
      ? {
          id: blueprint.database.nextObjectId(),
          name: definition.default.name ?? generatedName('DF', blueprint.name, name),
          text: definition.default.text,
          expr: definition.default.expr,
          generated: definition.default.name === undefined,
        }
      : undefined,
  };
}

/** A key constraint with the index behind it. */
export function buildKey(
  constraint: Extract<TableConstraint, { k: 'primaryKey' | 'unique' }>,
  columns: readonly Column[],
  table: string,
  database: Database,
): { key: KeyConstraint; index: IndexOptions } {
  const primary = constraint.k === 'primaryKey';
  const name = constraint.name ?? generatedName(primary ? 'PK' : 'UQ', table);
  const positions = constraint.columns.map((column) => positionOf(columns, column.name));
  if (primary && positions.some((at) => columns[at]!.nullable)) throw sqlError(8111, table);
  return {
    key: { id: database.nextObjectId(), name, primary, generated: constraint.name === undefined },
    index: {
      name,
      columns: positions,
      unique: true,
      primary,
      constraint: true,
      clustered: constraint.clustered ?? primary,
    },
  };
}

/** The CHECK constraints among these. */
export function buildChecks(
  constraints: readonly TableConstraint[],
  columns: readonly Column[],
  table: string,
  database: Database,
): CheckConstraint[] {
  return constraints.flatMap((constraint) =>
    constraint.k === 'check'
      ? [
          {
            id: database.nextObjectId(),
            name: constraint.name ?? generatedName('CK', table, constraint.column),
            text: constraint.text,
            test: constraint.test,
            columnAt: constraint.column === undefined ? -1 : positionOf(columns, constraint.column),
            enabled: true,
            trusted: true,
          },
        ]
      : [],
  );
}
