import type { Database } from '../model/database.ts';
import type { Schema } from '../model/schema.ts';

/** A right a compiled statement needs when somebody runs it. */
export interface Access {
  readonly permission:
    | 'VIEW CHANGE TRACKING'
    | 'SELECT'
    | 'INSERT'
    | 'UPDATE'
    | 'DELETE'
    | 'EXECUTE'
    | 'REFERENCES'
    | 'ALTER';
  readonly database: Database;
  readonly object: { readonly id: number; readonly name: string; readonly schema: Schema };
  /**
   * Columns it is about, in lower case; null for the object as a whole. Of a source of FROM the set fills while the statement is compiled;
   * left empty it asks for the right to any column (SELECT COUNT(*)).
   */
  readonly columns: ReadonlySet<string> | null;
  /** Without columns nothing is asked: the target of UPDATE or DELETE, of which no column is read. */
  readonly onlyColumns?: boolean;
}
