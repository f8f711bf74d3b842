import type { Change } from '#consumers/runner/changes.ts';
import { poison } from '#consumers/runner/deadLetters.ts';
import type { Row } from '#infra/runtime/config/catalog.ts';
import type { StockDefinition, StockLevel } from '#infra/runtime/config/stock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { KeptLevel } from './stockKeys.ts';

/** One level to be kept; null takes it away. */
export interface LevelWrite {
  readonly sku: string;
  readonly location: string;
  readonly position: string;
  readonly level: KeptLevel | null;
  /** Available pieces at or below which it is low; null never. */
  readonly lowAt: number | null;
  /** Commit time for the latency figures; null for snapshot rows. */
  readonly sourceTsMs: number | null;
}

/**
 * What a change means for stock levels: the new level, and the old place taken away when the row moved to another sku or location, no
 * longer counts, or is gone. @throws PROJECTION_FAILED
 */
export function levelWrites(definition: StockDefinition, change: Change): LevelWrite[] {
  const { position, op } = change;
  const sourceTsMs = op === 'r' ? null : change.sourceTsMs;
  const after = change.after === null ? null : checked(definition, change.after);
  const before = place(definition, change);
  const writes: LevelWrite[] = [];
  if (after !== null) {
    const { sku, location, lowAt = null } = after;
    writes.push({ sku, location, position, level: after, lowAt, sourceTsMs });
  }
  if (before !== null && (before.sku !== after?.sku || before.location !== after.location))
    writes.push({ ...before, position, level: null, sourceTsMs });
  return writes;
}

function checked(definition: StockDefinition, row: NonNullable<Change['after']>): StockLevel | null {
  let level: StockLevel | null;
  try {
    level = definition.project(row);
  } catch (error) {
    throw poison(error, 'PROJECTION_FAILED', `project of stock table ${definition.table} failed`);
  }
  if (level === null) return null;
  const { onHand, reserved, safety = 0, lowAt = null } = level;
  const isWhole = [onHand, reserved, safety, lowAt ?? 0].every(Number.isSafeInteger);
  if (isPlace(level) && isWhole && safety >= 0) return level;
  throw new SluiceError(
    'PROJECTION_FAILED',
    `project of stock table ${definition.table} gave no { sku, location, onHand, reserved } with whole numbers (safety not below 0).`,
  );
}

type Place = Pick<LevelWrite, 'sku' | 'location' | 'lowAt'>;

/** Where the row counted before: by its old image, else by its key columns alone, as far as the projection can tell from these. */
function place(definition: StockDefinition, { before, after, key }: Change): Place | null {
  const told = before === null ? null : placeOf(definition, before);
  return told ?? placeOf(definition, { ...after, ...key });
}

function placeOf(definition: StockDefinition, row: Row): Place | null {
  try {
    const level = definition.project(row);
    return level !== null && isPlace(level)
      ? { sku: level.sku, location: level.location, lowAt: level.lowAt ?? null }
      : null;
  } catch {
    // The projection wants columns that are not there: this image tells nothing.
    return null;
  }
}

const isPlace = ({ sku, location }: StockLevel): boolean =>
  typeof sku === 'string' && sku !== '' && typeof location === 'string' && location !== '';
