import type { SearchDefinition } from './searchTypes.ts';

/**
 * What a user writes to turn legacy rows into one search document. Types only, plus one function that checks them: nothing here runs
 * the pipeline, so that a configuration file can be read without it.
 */

export { catalogSchema } from './catalogSchema.ts';
export type {
  FacetDefinition,
  FacetRange,
  SearchBoost,
  SearchDefinition,
  SearchLanguage,
  SortField,
  SuggestDefinition,
} from './searchTypes.ts';

/** One row as capture delivers it: column → value. Decimals are strings with full scale, 64-bit integers bigint, binary columns Buffer. */
export type Row = Readonly<Record<string, unknown>>;

/** The rows one document is made of: `root`, and every join by its name (a row or null; an array for `many`). */
export type JoinedRows = Readonly<Record<string, Row | readonly Row[] | null>>;

export interface JoinDefinition {
  /** Table the row comes from, `schema.table`. */
  readonly table: string;
  /** Where the parent row comes from: `root` (default) or the name of another join. */
  readonly from?: string;
  /**
   * Joined column → parent column. Several entries must all match. Values are compared as old systems mean them: strings without
   * trailing blanks and without regard to case, numbers by value, NULL never matches.
   */
  readonly on: Readonly<Record<string, string>>;
  /** true: every matching row, as an array in a stable order; otherwise the first match or null. */
  readonly many?: boolean;
}

/** An Elasticsearch field mapping, as its own documentation describes it. */
export type FieldMapping = Readonly<Record<string, unknown>>;

/** A document type with its row types forgotten: what the pipeline works with. Made by {@link defineDocument}. */
export interface DocumentDefinition<Doc extends object = object> {
  /** Name of the document type: lower-case letters, digits and `-`; part of index, alias and topic names. */
  readonly type: string;
  /** Raised by the user when `project`, `mapping` or `settings` change what is stored; part of the index name. */
  readonly version: number;
  /** Table whose every row is one document. */
  readonly root: string;
  readonly joins: Readonly<Record<string, JoinDefinition>>;
  /** Document id. It may only read columns of the root's key, because of a deleted row nothing else is left. */
  id(row: Row): string;
  /** false hides the document (as if its row were deleted). */
  filter?(rows: JoinedRows): boolean;
  /** Pure: same rows, same document. Values must be JSON; a bigint becomes a number when that is exact, else a string. */
  project(rows: JoinedRows): Doc;
  /** `properties` of the index mapping. */
  readonly mapping: Readonly<Record<string, FieldMapping>>;
  /** Index settings (analysis, shards). */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly search?: SearchDefinition;
}

type Name<T> = keyof T & string;
type JoinShape<Tables> = {
  readonly table: Name<Tables>;
  readonly from?: string;
  readonly on: Readonly<Record<string, string>>;
  readonly many?: boolean;
};
type ParentRow<Tables, Root extends Name<Tables>, Joins, J> = J extends { readonly from: infer From }
  ? From extends 'root'
    ? Tables[Root]
    : From extends keyof Joins
      ? Joins[From] extends { readonly table: infer T extends Name<Tables> }
        ? Tables[T]
        : never
      : never
  : Tables[Root];
/** Demands of the written joins that every column name exists on its side and that `from` names a join. */
type CheckedJoins<Tables, Root extends Name<Tables>, Joins> = {
  readonly [K in keyof Joins]: Joins[K] extends {
    readonly table: infer T extends Name<Tables>;
    readonly on: infer On;
  }
    ? {
        readonly table: T;
        readonly from?: 'root' | Exclude<Name<Joins>, K>;
        readonly on: {
          readonly [C in keyof On]: C extends Name<Tables[T]> ? Name<ParentRow<Tables, Root, Joins, Joins[K]>> : never;
        };
        readonly many?: boolean;
      }
    : never;
};
type RowsOf<Tables, Root extends Name<Tables>, Joins> = {
  readonly root: Tables[Root];
} & {
  readonly [K in keyof Joins]: Joins[K] extends { readonly table: infer T extends Name<Tables> }
    ? Joins[K] extends { readonly many: true }
      ? readonly Tables[T][]
      : Tables[T] | null
    : never;
};

export interface TypedDocument<Tables, Root extends Name<Tables>, Joins, Doc extends object> {
  readonly type: string;
  readonly version: number;
  readonly root: Root;
  readonly joins?: Joins & CheckedJoins<Tables, Root, Joins>;
  id(row: Tables[Root]): string;
  filter?(rows: RowsOf<Tables, Root, Joins>): boolean;
  project(rows: RowsOf<Tables, Root, Joins>): Doc;
  readonly mapping: Readonly<Record<string, FieldMapping>>;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly search?: SearchDefinition;
}

/**
 * Declares a document type. `Tables` is the interface generated from the Avro schemas (`{ 'dbo.PRODUCT': ProductRow; … }`); a table or
 * column that is not in it does not compile. See {@link DocumentDefinition} for the meaning of each key.
 *
 * ```ts
 * defineDocument<Tables>()({
 *   type: 'product', version: 1, root: 'dbo.PRODUCT',
 *   joins: { dept: { table: 'dbo.DEPT', on: { DEPT_CODE: 'DEPT_CODE' } } },
 *   id: (row) => row.PROD_CODE.trim(),
 *   project: ({ root, dept }) => ({ sku: root.PROD_CODE.trim(), department: dept?.DEPT_NAME ?? null }),
 *   mapping: { sku: { type: 'keyword' }, department: { type: 'keyword' } },
 * })
 * ```
 */
export function defineDocument<Tables extends object>() {
  return <const Root extends Name<Tables>, const Joins extends Record<string, JoinShape<Tables>>, Doc extends object>(
    definition: TypedDocument<Tables, Root, Joins, Doc>,
  ): DocumentDefinition<Doc> => ({
    ...(definition as unknown as DocumentDefinition<Doc>),
    joins: definition.joins ?? {},
  });
}
