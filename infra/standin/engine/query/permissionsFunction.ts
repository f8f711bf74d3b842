import { sqlError } from '../../sql/errors.ts';
import type { Compiled } from '../../sql/exprTypes.ts';
import { nvarchar, type SqlValue, SYSNAME } from '../../sql/values.ts';
import { coerced } from './coerce.ts';
import type { QueryFrame } from './frame.ts';
import type { QueryScope } from './scope.ts';
import { rowsAccess, type SourceAccess, type SourceColumn, shapeColumns } from './source.ts';

const SERVER = [
  'CONNECT SQL',
  'VIEW SERVER STATE',
  'VIEW ANY DATABASE',
  'VIEW ANY DEFINITION',
  'ALTER ANY LOGIN',
  'CONTROL SERVER',
];
const DATABASE = [
  'CONNECT',
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'EXECUTE',
  'REFERENCES',
  'VIEW DEFINITION',
  'VIEW DATABASE STATE',
  'ALTER',
  'CONTROL',
];
const OBJECT = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'EXECUTE', 'REFERENCES', 'VIEW DEFINITION', 'ALTER', 'CONTROL'];

const COLUMN = ['SELECT', 'UPDATE', 'REFERENCES'];

/** What is held on an entity as a whole, and on which of its columns. */
interface Held {
  readonly entity: string;
  readonly names: readonly string[];
  readonly ofColumns?: readonly (readonly [column: string, permission: string])[];
}

/** fn_my_permissions(securable, class) for SERVER, DATABASE, OBJECT and SCHEMA: what the session itself may do. */
export function permissionsSource(
  args: readonly Compiled[],
  scope: QueryScope,
): { readonly columns: readonly SourceColumn[]; readonly access: SourceAccess } {
  const name = coerced(args[0]!, nvarchar(776));
  const kind = coerced(args[1]!, nvarchar(60));
  const { context } = scope;
  const columns = shapeColumns([
    { name: 'entity_name', type: SYSNAME },
    { name: 'subentity_name', type: SYSNAME },
    { name: 'permission_name', type: nvarchar(60) },
  ]);
  const held = (f: QueryFrame, entity: string | null, wanted: string): Held => {
    const { security } = f.env.session;
    switch (wanted) {
      case 'SERVER':
        return { entity: 'server', names: SERVER.filter((p) => p === 'CONNECT SQL' || security.hasServer(p)) };
      case 'DATABASE':
        return { entity: 'database', names: DATABASE.filter((p) => security.hasDatabase(p)) };
      case 'OBJECT': {
        const [schema, object] = splitName(entity ?? '', f.env.session.defaultSchema);
        const found = context.database.find(schema, object);
        if (!found) return { entity: '', names: [] };
        const securable = { class: 'OBJECT', id: found.id, schemaId: found.schema.id } as const;
        const names = OBJECT.filter((p) => security.has(p, securable));
        const columns = found.kind === 'table' ? found.columns.filter((column) => !column.dropped) : [];
        const ofColumns = columns.flatMap(({ name: column }) =>
          COLUMN.filter((p) => security.has(p, { ...securable, column: column.toLowerCase() })).map(
            (permission) => [column, permission] as const,
          ),
        );
        return { entity: entity ?? '', names, ofColumns };
      }
      case 'SCHEMA': {
        const schema = context.database.schemas.get((entity ?? '').toLowerCase());
        if (!schema) return { entity: '', names: [] };
        return {
          entity: schema.name,
          names: OBJECT.filter((p) => security.has(p, { class: 'SCHEMA', id: schema.id })),
        };
      }
      default:
        throw sqlError(15_151, 'find', 'securable class', wanted);
    }
  };
  const access = rowsAccess((f) => {
    const wanted = kind.eval(f);
    const {
      entity,
      names,
      ofColumns = [],
    } = held(f, name.eval(f) as string | null, wanted === null ? 'SERVER' : (wanted as string).toUpperCase());
    return [
      ...names.map((permission): SqlValue[] => [entity, '', permission]),
      ...ofColumns.map(([column, permission]): SqlValue[] => [entity, column, permission]),
    ];
  }, 10);
  return { columns, access };
}

/** 'schema.object' or 'object', brackets taken off. */
function splitName(text: string, defaultSchema: string): [schema: string, object: string] {
  const parts = text.split('.').map((part) => part.trim().replace(/^\[(.*)\]$/, '$1'));
  const object = parts.pop() ?? '';
  return [parts.pop() || defaultSchema, object];
}
