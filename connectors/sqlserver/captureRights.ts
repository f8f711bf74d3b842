import type { LoginRights } from './loginRights.ts';

/** What a capture login can do beyond what a capture needs, by what it endangers. All empty for the login `sluice sql capture` makes. */
export interface ExcessRights {
  /** Roles and rights on the whole server or database. */
  readonly wide: readonly string[];
  /** Whatever changes something or runs something: the way orders take, above all. */
  readonly acting: readonly string[];
  /** Reading what is not captured. */
  readonly reading: readonly string[];
}

/** What a capture may have: both views tell whether the capture job lives and where a snapshot stands. */
const ALLOWED_WIDE = new Set(['server VIEW SERVER STATE', 'database VIEW DATABASE STATE']);
const OBJECT_RIGHT = /^([A-Z ]+) on ([^.]+)\.(.+)$/;

/**
 * Compares what the login can do with what it needs. `captured`: the tables, as `schema.table`; `owner`: whether it is to make capture
 * instances itself, which takes db_owner and with it every right in the database.
 */
export function excessRights(rights: LoginRights, captured: readonly string[], owner = false): ExcessRights {
  const roles = rights.roles.filter((role) => !(owner && role === 'db_owner')).map((role) => `role ${role}`);
  const wide = rights.wide.filter((right) => !ALLOWED_WIDE.has(right) && !(owner && right.startsWith('database ')));
  if (owner) return { wide: [...roles, ...wide], acting: [], reading: [] };
  const tables = new Set(captured.map((id) => id.toLowerCase()));
  const acting: string[] = [];
  const reading: string[] = [];
  for (const right of rights.objects) {
    const [, what, schema, name] = OBJECT_RIGHT.exec(right) ?? [];
    if (what !== 'SELECT') acting.push(right);
    else if (schema!.toLowerCase() !== 'cdc' && !tables.has(`${schema}.${name}`.toLowerCase())) reading.push(right);
  }
  return { wide: [...roles, ...wide], acting, reading };
}

const SHOWN = 5;

/** The first few of a list, and how many more. */
export function shortList(items: readonly string[]): string {
  const more = items.length - SHOWN;
  return items.slice(0, SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
