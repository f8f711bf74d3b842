import type { Database } from '../engine/model/database.ts';
import type { DatabaseObject } from '../engine/model/modules.ts';
import type { Schema } from '../engine/model/schema.ts';
import type { TableObject } from '../engine/model/tableObject.ts';
import { catalogTables } from './catalogTables.ts';

/** An entry of sys.objects. */
export interface CatalogObject {
  readonly id: number;
  readonly name: string;
  readonly schema: Schema;
  /** Table of a constraint or trigger; 0 without. */
  readonly parentId: number;
  /** Two characters, as sys.objects.type. */
  readonly type: string;
  readonly createdMs: number;
  readonly modifiedMs: number;
  readonly shipped: boolean;
  /** The object whose permissions decide who sees it. */
  readonly securedBy: { readonly id: number; readonly schema: Schema };
}

export const TYPE_DESC: Readonly<Record<string, string>> = {
  'U ': 'USER_TABLE',
  'V ': 'VIEW',
  'P ': 'SQL_STORED_PROCEDURE',
  FN: 'SQL_SCALAR_FUNCTION',
  IF: 'SQL_INLINE_TABLE_VALUED_FUNCTION',
  TR: 'SQL_TRIGGER',
  SO: 'SEQUENCE_OBJECT',
  SN: 'SYNONYM',
  PK: 'PRIMARY_KEY_CONSTRAINT',
  UQ: 'UNIQUE_CONSTRAINT',
  'F ': 'FOREIGN_KEY_CONSTRAINT',
  'C ': 'CHECK_CONSTRAINT',
  'D ': 'DEFAULT_CONSTRAINT',
  TT: 'TYPE_TABLE',
};

/** Everything with an object id in a database: objects, constraints, change tables, the tables behind table types. */
export function catalogObjects(database: Database): CatalogObject[] {
  const found: CatalogObject[] = [];
  for (const object of database.objects.values()) {
    found.push(entry(object, typeCode(object), object.kind === 'trigger' ? object.table.id : 0));
    if (object.kind === 'table') found.push(...constraintsOf(object));
  }
  for (const table of catalogTables(database))
    if (table.table === undefined) found.push({ ...table, parentId: 0, type: 'U ', securedBy: table });
  for (const type of database.types.values()) {
    if (!type.table) continue;
    const schema = database.schemas.get('sys') ?? type.schema;
    found.push({ ...entry(type.table, 'TT', 0), name: `TT_${type.name}_${type.table.id.toString(16)}`, schema });
  }
  return found;
}

function entry(object: DatabaseObject, type: string, parentId: number): CatalogObject {
  const { id, name, schema, createdMs, modifiedMs } = object;
  return { id, name, schema, createdMs, modifiedMs, type, parentId, shipped: false, securedBy: object };
}

function typeCode(object: DatabaseObject): string {
  switch (object.kind) {
    case 'table':
      return 'U ';
    case 'view':
      return 'V ';
    case 'procedure':
      return 'P ';
    case 'function':
      return object.definition.returns.k === 'scalar' ? 'FN' : 'IF';
    case 'trigger':
      return 'TR';
    case 'sequence':
      return 'SO';
    case 'synonym':
      return 'SN';
  }
}

function constraintsOf(table: TableObject): CatalogObject[] {
  const make = (type: string, { id, name }: { readonly id: number; readonly name: string }): CatalogObject => ({
    id,
    name,
    type,
    schema: table.schema,
    parentId: table.id,
    createdMs: table.createdMs,
    modifiedMs: table.modifiedMs,
    shipped: false,
    securedBy: table,
  });
  return [
    ...table.keys.map((key) => make(key.primary ? 'PK' : 'UQ', key)),
    ...table.foreignKeys.map((key) => make('F ', key)),
    ...table.checks.map((check) => make('C ', check)),
    ...table.columns.flatMap((column) => (column.default && !column.dropped ? [make('D ', column.default)] : [])),
  ];
}
