import type { Database } from '../model/database.ts';
import type { Schema } from '../model/schema.ts';

/** A right a compiled statement needs when somebody runs it. */
export interface Access {
  readonly permission: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE' | 'EXECUTE' | 'REFERENCES' | 'ALTER';
  readonly database: Database;
  readonly object: { readonly id: number; readonly name: string; readonly schema: Schema };
  /** Columns it is about, in lower case; null for the object as a whole. */
  readonly columns: ReadonlySet<string> | null;
}
