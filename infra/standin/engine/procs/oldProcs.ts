import { sqlError, unsupported } from '../../sql/errors.ts';
import { nvarchar, SYSNAME, VARIANT, varchar } from '../../sql/values.ts';
import { runDynamic } from '../run/dynamicSql.ts';
import { type ProcedureContext, type SystemProcedure, systemProcedure } from './systemProcedure.ts';

/** Procedures that the scripts of old databases call. */

/** The types sp_addtype takes: a name, and perhaps a length or a precision and scale. */
const PHYSICAL_TYPE = /^\s*\w+\s*(\(\s*(\d+|max)\s*(,\s*\d+\s*)?\))?\s*$/i;

/** sp_addtype is CREATE TYPE … FROM by its old name, in the schema dbo. */
async function addType(context: ProcedureContext, name: string, type: string, nulls: string | null): Promise<number> {
  if (!PHYSICAL_TYPE.test(type)) throw unsupported(`sp_addtype of type ${type}`);
  const nullability = nulls === null ? '' : nulls;
  if (!/^(|null|not null|nonull)$/i.test(nullability)) throw unsupported(`sp_addtype with ${nullability}`);
  const written = `dbo.[${name.replaceAll(']', ']]')}]`;
  const rule = /^no/i.test(nullability) ? 'NOT NULL' : 'NULL';
  await runDynamic(context.runner, `CREATE TYPE ${written} FROM ${type} ${rule}`, '', [], context.caller);
  return 0;
}

const LEVELS = [0, 1, 2].flatMap((level) => [
  { name: `@level${level}type`, type: varchar(128), value: null },
  { name: `@level${level}name`, type: SYSNAME, value: null },
]);

/** Extended properties are notes for people: taken, and not kept. */
function extendedProperty(name: string): readonly [string, SystemProcedure] {
  return systemProcedure(
    name,
    [{ name: '@name', type: SYSNAME }, { name: '@value', type: VARIANT, value: null }, ...LEVELS],
    () => 0,
  );
}

/** Off, as in a new server; whoever may not switch it on is not even told that. */
function shell(context: ProcedureContext): never {
  if (!context.session.security.isSysadmin) throw sqlError(229, 'EXECUTE', 'xp_cmdshell', 'mssqlsystemresource', 'sys');
  throw sqlError(15281, 'procedure', 'sys.xp_cmdshell', 'xp_cmdshell', 'xp_cmdshell', 'xp_cmdshell');
}

export const OLD_PROCEDURES: readonly (readonly [string, SystemProcedure])[] = [
  systemProcedure(
    'sp_addtype',
    [
      { name: '@typename', type: SYSNAME },
      { name: '@phystype', type: nvarchar(257) },
      { name: '@nulltype', type: varchar(8), value: null },
      { name: '@owner', type: SYSNAME, value: null },
    ],
    (context, args) =>
      addType(context, args.text('@typename') ?? '', args.text('@phystype') ?? '', args.text('@nulltype')),
  ),
  systemProcedure(
    'xp_cmdshell',
    [
      { name: '@command', type: nvarchar(4000) },
      { name: '@no_output', type: varchar(10), value: null },
    ],
    shell,
  ),
  extendedProperty('sp_addextendedproperty'),
  extendedProperty('sp_updateextendedproperty'),
];
