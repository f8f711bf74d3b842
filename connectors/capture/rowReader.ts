import { type ColumnCodec, columnCodec } from '#connectors/sqlserver/columnCodec.ts';
import type { ArrayRow } from '#connectors/sqlserver/connection.ts';
import type { CaptureInstance, SourceColumn } from '#connectors/sqlserver/metadata.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { type Row, UNAVAILABLE } from './types.ts';

/** The columns of an instance that are carried: computed ones are not, because CDC gives NULL for them. */
export function carriedColumns(instance: CaptureInstance): readonly SourceColumn[] {
  return instance.columns.filter((column) => !column.computed);
}

/** Codecs of the carried columns, in order. */
export function codecsOf(instance: CaptureInstance): readonly ColumnCodec[] {
  return carriedColumns(instance).map(columnCodec);
}

/**
 * Whether the update mask says that the column was set. Ordinal 1 is the lowest bit of the LAST byte.
 * Source: documentation of sys.fn_cdc_is_bit_set and cdc.<capture_instance>_CT.
 */
export function isBitSet(mask: Uint8Array, ordinal: number): boolean {
  const byte = mask[mask.length - 1 - ((ordinal - 1) >> 3)];
  return byte !== undefined && (byte & (1 << ((ordinal - 1) & 7))) !== 0;
}

/** Reads the driver's arrays of one table as rows. */
export class RowReader {
  readonly codecs: readonly ColumnCodec[];
  readonly #table: string;

  constructor(instance: CaptureInstance) {
    this.codecs = codecsOf(instance);
    this.#table = `${instance.schema}.${instance.table}`;
  }

  /** A row read from the table itself, its first value at `offset`. */
  fromTable(values: ArrayRow, offset: number): Row {
    return this.#read(values, offset, () => null);
  }

  /**
   * An image from the change table. `operation` is CDC's, `mask` its update mask. A large value is NULL there although the row has one when
   * the update did not touch it, and always in the image before a change of text, ntext and image: what the log does not hold is
   * UNAVAILABLE, NULL is only what the row held. Docs: "cdc.<capture_instance>_CT", on large object data types.
   */
  fromChange(values: ArrayRow, offset: number, operation: number, mask: Uint8Array | null): Row {
    return this.#read(values, offset, (codec) => {
      if (!codec.large) return null;
      const before = operation === 1 || operation === 3;
      if (before && codec.legacyLarge) return UNAVAILABLE;
      const update = operation === 3 || operation === 4;
      if (update && mask !== null && !isBitSet(mask, codec.column.ordinal)) return UNAVAILABLE;
      return codec.column.nullable || codec.column.uncertain || operation === 4 ? null : UNAVAILABLE;
    });
  }

  #read(values: ArrayRow, offset: number, absent: (codec: ColumnCodec) => unknown): Row {
    const row: Record<string, unknown> = {};
    for (let i = 0; i < this.codecs.length; i++) {
      const codec = this.codecs[i]!;
      const value = values[offset + i];
      row[codec.column.name] =
        value === null || value === undefined ? this.#missing(codec, absent(codec)) : codec.decode(value);
    }
    return row;
  }

  #missing(codec: ColumnCodec, instead: unknown): unknown {
    if (codec.constant !== undefined) return codec.constant;
    if (instead !== null || codec.column.nullable || codec.column.uncertain) return instead;
    throw new SluiceError(
      'CDC_VALUE_UNFIT',
      `${this.#table}.${codec.column.name} is NOT NULL, but a change holds NULL`,
      {
        hint: 'The column was altered after its capture instance was made: make a new capture instance.',
        context: { table: this.#table, column: codec.column.name },
      },
    );
  }
}
