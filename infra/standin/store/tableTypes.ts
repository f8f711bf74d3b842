import type { Collation } from '../sql/collation.ts';
import type { SqlType } from '../sql/values.ts';
import { compositeKey, type KeyEncoder, keyEncoder, rowSuffix } from './key.ts';
import { OrderedMap } from './orderedMap.ts';
import type { Row, RowData } from './row.ts';

/** What the store needs to know of a column. */
export interface StoredColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly collation?: Collation | undefined;
}

export interface IndexOptions {
  readonly name: string;
  /** Positions of the key columns. */
  readonly columns: readonly number[];
  readonly unique: boolean;
  readonly primary: boolean;
  /** Backs a PRIMARY KEY or UNIQUE constraint: violations are 2627, otherwise 2601. */
  readonly constraint: boolean;
  readonly clustered: boolean;
}

/** An ordered index over the rows of a table. A key is the encoded columns and then the row's id. */
export class TableIndex {
  readonly name: string;
  readonly columns: readonly number[];
  readonly unique: boolean;
  readonly primary: boolean;
  readonly constraint: boolean;
  readonly clustered: boolean;
  readonly encoders: readonly KeyEncoder[];
  readonly entries = new OrderedMap<Row>();

  constructor(options: IndexOptions, columns: readonly StoredColumn[]) {
    this.name = options.name;
    this.columns = options.columns;
    this.unique = options.unique;
    this.primary = options.primary;
    this.constraint = options.constraint;
    this.clustered = options.clustered;
    this.encoders = options.columns.map((at) => keyEncoder(columns[at]!.type, columns[at]!.collation));
  }

  /** The encoded key columns, without the row's id. */
  keyOf(data: RowData): string {
    const { columns, encoders } = this;
    if (columns.length === 1) return encoders[0]!(data[columns[0]!] ?? null);
    let key = '';
    for (let i = 0; i < columns.length; i++) key += encoders[i]!(data[columns[i]!] ?? null);
    return key;
  }

  entryKey(data: RowData, row: Row): string {
    return this.keyOf(data) + rowSuffix(row.id);
  }

  /** The start of the keys whose first columns have these values. */
  prefixOf(values: RowData): string {
    return compositeKey(this.encoders.slice(0, values.length), values);
  }

  sameKey(a: RowData, b: RowData): boolean {
    for (let i = 0; i < this.columns.length; i++) {
      const at = this.columns[i]!;
      const x = a[at] ?? null;
      const y = b[at] ?? null;
      if (x !== y && this.encoders[i]!(x) !== this.encoders[i]!(y)) return false;
    }
    return true;
  }
}

/** Called for a key that exists already; returns the error to throw. */
export type DuplicateError = (index: TableIndex, data: RowData) => Error;
