import { sqlError, unsupported } from '../../sql/errors.ts';
import { nvarchar, SYSNAME, varchar } from '../../sql/values.ts';
import { parseName } from '../run/executeStatements.ts';
import { type ProcedureContext, type SystemProcedure, systemProcedure } from './systemProcedure.ts';

/** The older procedures for role membership, and sp_rename. */

function changeMember(context: ProcedureContext, role: string | null, member: string | null, add: boolean): number {
  const { session, database } = context;
  if (!session.security.isOwner) throw sqlError(15247);
  const found = database.principals.find(role ?? '');
  if (found?.kind !== 'role') throw sqlError(15151, 'alter', 'role', role ?? '');
  if (!database.principals.find(member ?? '')) throw sqlError(15151, 'add', 'principal', member ?? '');
  if (add) found.members.add(member!.toLowerCase());
  else found.members.delete(member!.toLowerCase());
  session.server.securityChanged();
  return 0;
}

function rename(context: ProcedureContext, objectName: string, newName: string, type: string | null): number {
  const { session, database } = context;
  if (!session.security.isOwner) throw sqlError(15247);
  if (type !== null && type.toUpperCase() !== 'OBJECT') return renameColumn(context, objectName, newName, type);
  const name = parseName(objectName);
  const object = database.find(name.schema ?? session.defaultSchema, name.name);
  if (!object) throw sqlError(15225, objectName, database.name, type ?? '(null)');
  if (database.find(object.schema.name, newName)) throw sqlError(15335, newName, 'object');
  if (object.kind !== 'table') throw unsupported(`sp_rename of a ${object.kind}`);
  database.remove(object);
  object.name = newName;
  database.add(object);
  session.server.changed();
  return 0;
}

function renameColumn(context: ProcedureContext, objectName: string, newName: string, type: string): number {
  if (type.toUpperCase() !== 'COLUMN') throw unsupported(`sp_rename of type ${type}`);
  const { session, database } = context;
  const parts = objectName.split('.').map((part) => part.replace(/^\[|\]$/g, ''));
  const column = parts.pop()!;
  const table = database.findTable(parts.length > 1 ? parts[0]! : session.defaultSchema, parts.at(-1) ?? '');
  const at = table?.columnAt(column) ?? -1;
  if (!table || at < 0) throw sqlError(15225, objectName, database.name, type);
  if (table.captures.some((capture) => capture.columns.some((captured) => captured.at === at)))
    throw sqlError(4928, column, 'REPLICATED');
  table.columns = table.columns.map((other, i) => (i === at ? { ...other, name: newName } : other));
  table.compiled = null;
  session.server.changed();
  return 0;
}

export const MEMBER_PROCEDURES: readonly (readonly [string, SystemProcedure])[] = [
  systemProcedure(
    'sp_addrolemember',
    [
      { name: '@rolename', type: SYSNAME },
      { name: '@membername', type: SYSNAME },
    ],
    (context, args) => changeMember(context, args.text('@rolename'), args.text('@membername'), true),
  ),
  systemProcedure(
    'sp_droprolemember',
    [
      { name: '@rolename', type: SYSNAME },
      { name: '@membername', type: SYSNAME },
    ],
    (context, args) => changeMember(context, args.text('@rolename'), args.text('@membername'), false),
  ),
  systemProcedure(
    'sp_rename',
    [
      { name: '@objname', type: nvarchar(1035) },
      { name: '@newname', type: SYSNAME },
      { name: '@objtype', type: varchar(13), value: null },
    ],
    (context, args) => rename(context, args.text('@objname') ?? '', args.text('@newname') ?? '', args.text('@objtype')),
  ),
];
