import { SluiceError } from '#infra/runtime/errors.ts';

/** A cursor is the sort values of the last item of a page, as text a URL can carry; it belongs to one sort. */

const MAX_CURSOR_CHARS = 2000;

export function encodeCursor(sort: string, values: readonly unknown[]): string {
  return Buffer.from(JSON.stringify([sort, ...values])).toString('base64url');
}

/** @throws SEARCH_REQUEST_INVALID when it was not made by {@link encodeCursor} for the same sort */
export function decodeCursor(cursor: string, sort: string, valueCount: number): unknown[] {
  if (cursor.length <= MAX_CURSOR_CHARS) {
    try {
      const parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown;
      if (Array.isArray(parts) && parts[0] === sort && parts.length === valueCount + 1 && parts.slice(1).every(isPlain))
        return parts.slice(1);
    } catch {
      // Falls through to the one answer for every malformed cursor.
    }
  }
  throw new SluiceError('SEARCH_REQUEST_INVALID', 'The cursor does not belong to this search.');
}

const isPlain = (value: unknown): boolean =>
  value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
