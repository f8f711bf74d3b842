import type { ErrorCode } from '#infra/runtime/errorCodes.ts';
import { describeError, SluiceError } from '#infra/runtime/errors.ts';
import { UnfitEvent } from './types.ts';

/** Errors that concern one table: it stops with them while the others go on. Anything else concerns the whole capture. */
const TABLE_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CDC_VALUE_UNFIT',
  'CDC_PAIR_BROKEN',
  'CDC_INSTANCE_DROPPED',
  'CDC_LSN_NOT_AVAILABLE',
  'CDC_TABLE_HAS_NO_KEY',
  'SCHEMA_INCOMPATIBLE',
  'SQL_PERMISSION_DENIED',
  'SQL_OBJECT_MISSING',
]);

/** The code of an error that stops one table; null for one that concerns the whole capture. */
export function tableCodeOf(error: unknown): ErrorCode | null {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (e instanceof SluiceError) return TABLE_CODES.has(e.code) ? e.code : null;
    if (e instanceof UnfitEvent && !(e.cause instanceof SluiceError)) return 'CDC_VALUE_UNFIT';
  }
  return null;
}

export function stopsTable(error: unknown): boolean {
  return tableCodeOf(error) !== null;
}

/** Why a table stops, in one line for a person. */
export function reasonOf(error: unknown): string {
  return describeError(error instanceof UnfitEvent ? (error.cause ?? error) : error).replace(/\s+/g, ' ');
}
