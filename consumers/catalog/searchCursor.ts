import { createHash } from 'node:crypto';
import { invalid } from './searchRefusal.ts';
import type { Relaxation } from './searchRelax.ts';

/**
 * A cursor is the place after one item: its sort values, the request it belongs to, and how the query had been relaxed, as text a URL can
 * carry. It is not signed: nothing in it reaches further than a request can, and everything in it is checked.
 */
export interface Cursor {
  readonly values: readonly SortValue[];
  readonly relaxation: Relaxation | null;
}

export type SortValue = string | number | null;
/** What Elasticsearch takes as sort values of a field. */
export type SortKind = 'number' | 'text';

const FORMAT = 2;
/** The longest that a page gives: a name of 256 characters and an id of 512 bytes fit with room to spare. */
export const MAX_CURSOR_CHARS = 6000;
const MAX_VALUE_CHARS = 1024;
const MAX_SLOTS = 10;
const MAX_FIXES = 3;
const MAX_FIX_CHARS = 60;

/** Twelve characters that change with anything that decides which documents match, and their order. */
export function requestPrint(request: unknown): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('base64url').slice(0, 12);
}

export function encodeCursor(print: string, { values, relaxation }: Cursor): string {
  return Buffer.from(JSON.stringify([FORMAT, print, relaxation, ...values])).toString('base64url');
}

/** @throws SEARCH_REQUEST_INVALID when it was not made by {@link encodeCursor} for the same request */
export function decodeCursor(cursor: string, print: string, kinds: readonly SortKind[]): Cursor {
  if (cursor.length <= MAX_CURSOR_CHARS) {
    try {
      const parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown;
      const read = Array.isArray(parts) ? readParts(parts, print, kinds) : null;
      if (read !== null) return read;
    } catch {
      // Falls through to the one answer for every malformed cursor.
    }
  }
  throw invalid('The cursor does not belong to this search.');
}

function readParts(parts: readonly unknown[], print: string, kinds: readonly SortKind[]): Cursor | null {
  const [format, known, relaxation, ...values] = parts;
  if (format !== FORMAT || known !== print || values.length !== kinds.length) return null;
  if (!values.every((value, at) => isSortValue(value, kinds[at]!))) return null;
  return relaxation === null || isRelaxation(relaxation) ? { values: values.map(exactEdge), relaxation } : null;
}

function isSortValue(value: unknown, kind: SortKind): value is SortValue {
  if (value === null) return true;
  if (kind === 'number') return typeof value === 'number' && Number.isFinite(value);
  return typeof value === 'string' && value.length <= MAX_VALUE_CHARS && value.isWellFormed();
}

/** A missing number sorts as the largest or smallest 64-bit one, which a JSON number of ours cannot hold; as text it can be given back. */
function exactEdge(value: SortValue): SortValue {
  if (typeof value !== 'number' || Math.abs(value) < 2 ** 63) return value;
  return value > 0 ? '9223372036854775807' : '-9223372036854775808';
}

function isRelaxation(value: unknown): value is Relaxation {
  if (typeof value !== 'object' || value === null) return false;
  const { fixes, begins, dropped, least, weights, ...more } = value as Record<string, unknown>;
  return (
    Object.keys(more).length === 0 &&
    isSlots(begins) &&
    isSlots(dropped) &&
    (least === null || isSlot(least)) &&
    isList(weights) &&
    weights.every((weight) => typeof weight === 'number' && weight >= 0.25 && weight <= 4) &&
    isList(fixes) &&
    fixes.every((fix) => isList(fix) && fix.length <= MAX_FIXES && fix.every(isFix))
  );
}

const isList = (value: unknown): value is unknown[] => Array.isArray(value) && value.length <= MAX_SLOTS;
const isSlot = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_SLOTS;
const isSlots = (value: unknown): value is number[] => isList(value) && value.every(isSlot);
const isFix = (value: unknown): boolean =>
  typeof value === 'string' && value.length <= MAX_FIX_CHARS && value.isWellFormed();
