import { createHash } from 'node:crypto';
import type { Row } from '#infra/runtime/config/catalog.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { decodeValues, encodeValues } from './rowText.ts';

/** Characters of a shape's name: 36 bits of a digest, for the few shapes a shop has. */
const NAME_LENGTH = 6;

/**
 * The column names of stored rows. A row is kept as the name of its shape and its values; the shapes themselves (one a table and schema
 * version) lie beside the rows of each bucket, so that a bucket can be read by itself, and in memory. A shape's name follows from its columns.
 */
export class RowShapes {
  readonly #names = new Map<string, string>();
  readonly #columns = new Map<string, readonly string[]>();

  /** The name of a row's shape. */
  nameOf(row: Row): string {
    const columns = Object.keys(row);
    const text = columns.join('\0');
    let name = this.#names.get(text);
    if (name === undefined) {
      name = createHash('sha256').update(text).digest('base64url').slice(0, NAME_LENGTH);
      this.#names.set(text, name);
      this.#columns.set(name, columns);
    }
    return name;
  }

  /** Text of a row. */
  encode(row: Row): string {
    const name = this.nameOf(row);
    return name + encodeValues(row, this.#columns.get(name)!);
  }

  /** The name of the shape that the text of a row at `from` needs, when it is not known yet. */
  unknownAt(text: string, from: number): string | undefined {
    const name = text.slice(from, from + NAME_LENGTH);
    return this.#columns.has(name) ? undefined : name;
  }

  /** Takes in a shape as it is stored. */
  learn(name: string, stored: string): void {
    this.#columns.set(name, JSON.parse(stored) as string[]);
  }

  /** A known shape as it is stored. */
  stored(name: string): string {
    return JSON.stringify(this.#columns.get(name)!);
  }

  /** @throws COPY_LOST (retriable) when the shape is gone: the store was emptied while it was read */
  decode(text: string): Row {
    const name = text.slice(0, NAME_LENGTH);
    const columns = this.#columns.get(name);
    if (columns === undefined)
      throw new SluiceError('COPY_LOST', `The row store has no columns for rows of shape ${name}.`);
    return decodeValues(text.slice(NAME_LENGTH), columns);
  }
}
