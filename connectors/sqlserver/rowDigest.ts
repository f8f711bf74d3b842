import { createHash } from 'node:crypto';
import { columnCodec } from './columnCodec.ts';
import { quoteName } from './identifiers.ts';
import { keyCodec } from './keyText.ts';
import type { SourceColumn } from './metadata.ts';

/** Bytes of a digest: two rows that differ have the same one with a chance of 2^-64. */
const DIGEST_BYTES = 8;

/** One column in the text a digest is made of. */
interface Part {
  readonly column: string;
  /** Expression of the value as nvarchar; NULL for NULL. */
  readonly sql: string;
  /** The same text of a row's value. */
  readonly text: (value: unknown) => string;
  /** For a text that may hold any character: its length in bytes as UTF-16, which goes before it. */
  readonly lengthSql?: string;
}

/** How the rows of a table are compared by digest. */
export interface RowDigest {
  /** Expression of the digest, a varbinary of DIGEST_BYTES. */
  readonly sql: string;
  /** The same digest of a row; `value` gives the value of a column as in a Row, null for NULL. */
  digest(value: (column: string) => unknown): Buffer;
  /** Columns that are not in the digest: their values have to be compared themselves. */
  readonly carried: readonly SourceColumn[];
}

const FREE_TEXT = new Set(['char', 'varchar', 'nchar', 'nvarchar', 'sysname', 'text', 'ntext', 'xml']);
const FREE_BYTES = new Set(['varbinary', 'image']);
/** What both sides write with the same digits by documentation; the rest is carried. */
const EXACT_TEXT = new Set([
  ...['bit', 'tinyint', 'smallint', 'int', 'bigint', 'decimal', 'numeric', 'money', 'smallmoney'],
  ...['uniqueidentifier', 'binary', 'timestamp', 'rowversion', 'date', 'datetime', 'datetime2', 'time'],
]);

/**
 * The digest of a row: the first 8 bytes of the SHA-256 of all its values as one UTF-16 text. Every value is ended by `|`, NULL is `-`, and
 * a text that may hold any character is led by its length in bytes, so that two different rows never give the same text.
 *
 * Masked columns are carried, because the mask is applied where a row is read; so are `float`, `real` and `smalldatetime`, whose texts the
 * client cannot be sure to write alike. Whatever is written differently all the same only costs a second look at the row.
 *
 * Docs: "HASHBYTES" (inputs above 8,000 bytes from SQL Server 2016), "CAST and CONVERT" (styles 2, 23 and 121), "COLLATE" (one label for
 * all, so that columns of different collations can be put together), "DATALENGTH".
 */
export function rowDigest(columns: readonly SourceColumn[]): RowDigest {
  const parts: Part[] = [];
  const carried: SourceColumn[] = [];
  for (const column of columns) {
    const part = column.mask === undefined ? partOf(column) : null;
    if (part === null) carried.push(column);
    else parts.push(part);
  }
  const text = ["CONVERT(nvarchar(max), N'')", ...parts.map(sqlOf)].join('\n    + ');
  return {
    sql: `SUBSTRING(HASHBYTES('SHA2_256', ${text}), 1, ${DIGEST_BYTES})`,
    carried,
    digest: (value) => {
      let all = '';
      for (const { column, text, lengthSql } of parts) all += pieceOf(value(column), text, lengthSql !== undefined);
      return createHash('sha256').update(all, 'utf16le').digest().subarray(0, DIGEST_BYTES);
    },
  };
}

function sqlOf({ sql, lengthSql }: Part): string {
  const piece = lengthSql === undefined ? sql : `CONVERT(nvarchar(20), ${lengthSql}) + N':' + ${sql}`;
  return `ISNULL(${piece}, N'-') + N'|'`;
}

function pieceOf(value: unknown, text: (value: unknown) => string, free: boolean): string {
  if (value === null || value === undefined) return '-|';
  const piece = text(value);
  return free ? `${piece.length * 2}:${piece}|` : `${piece}|`;
}

function partOf(column: SourceColumn): Part | null {
  const { name, sqlType, scale } = column;
  const reference = quoteName(name);
  if (FREE_TEXT.has(sqlType)) {
    const sql = collated(`CONVERT(nvarchar(max), ${reference})`);
    const lengthSql = `DATALENGTH(${sqlType === 'nvarchar' || sqlType === 'nchar' ? reference : sql})`;
    return { column: name, sql, text: String, lengthSql };
  }
  if (FREE_BYTES.has(sqlType)) {
    const bytes = sqlType === 'image' ? `CONVERT(varbinary(max), ${reference})` : reference;
    return { column: name, sql: collated(`CONVERT(nvarchar(max), ${bytes}, 2)`), text: hexText };
  }
  if (sqlType === 'datetimeoffset') {
    const sql = collated(`CONVERT(nvarchar(34), ${reference}, 121)`);
    return { column: name, sql, text: (value) => zonedDigits(value as string, scale) };
  }
  if (!EXACT_TEXT.has(sqlType)) return null;
  const { selectText, text } = keyCodec(column);
  return { column: name, sql: collated(selectText), text: (value) => text(exactTime(value)) };
}

const collated = (sql: string): string => `${sql} COLLATE Latin1_General_BIN2`;

const hexText = (value: unknown): string => (value as Buffer).toString('hex').toUpperCase();

/** A saturated time stands for another one: its digest differs, and the row is looked at. */
const exactTime = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'value' in value ? (value as { value: unknown }).value : value;

/** `2026-01-02 03:04:05.1230000 +02:00` of ISO 8601 without needless zeros. */
function zonedDigits(iso: string, scale: number): string {
  const m = /^(\S+)T(\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(iso);
  if (!m) return iso;
  const fraction = scale === 0 ? '' : `.${(m[3] ?? '').padEnd(scale, '0')}`;
  return `${m[1]} ${m[2]}${fraction} ${m[4] === 'Z' ? '+00:00' : m[4]}`;
}

/** What is selected of the carried columns; one whose mask is a constant is not sent at all. */
export function carriedCodecs(digest: RowDigest) {
  return digest.carried.map(columnCodec).filter((codec) => codec.constant === undefined);
}
