import type { Database } from '../model/database.ts';
import type { SessionState } from '../run/sessionState.ts';

/** A name given as text: 'dbo.T', '[my db]..[T]', '"x".y'. */
export interface TextName {
  readonly database: string;
  readonly schema: string;
  readonly name: string;
}

const PART = /\s*(?:\[((?:[^\]]|\]\])*)\]|"((?:[^"]|"")*)"|([^.[\]"]*))\s*(\.|$)/y;

/** Up to four parts, the last one the name; undefined for text that is no name. */
export function parseTextName(text: string): TextName | undefined {
  const parts: string[] = [];
  PART.lastIndex = 0;
  for (;;) {
    const match = PART.exec(text);
    if (!match) return undefined;
    const [, bracketed, quoted, plain, end] = match;
    parts.push(bracketed?.replaceAll(']]', ']') ?? quoted?.replaceAll('""', '"') ?? plain?.trim() ?? '');
    if (end === '') break;
  }
  if (parts.length > 4 || parts.at(-1) === '') return undefined;
  const [name = '', schema = '', database = ''] = parts.reverse();
  return { database, schema, name };
}

/** The database a text name means: the session's unless it says another; undefined when there is none. */
export function databaseOfName(name: TextName, session: SessionState, current: Database): Database | undefined {
  if (name.database !== '') return session.server.findDatabase(name.database);
  return name.name.startsWith('#') ? session.server.tempdb : current;
}
