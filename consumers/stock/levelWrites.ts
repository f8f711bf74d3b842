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
 * longer counts, or is gone. `onLostPlace` is told when the projection throws on the row as it was before, so that nobody can say what to take
 * away: the change must come again, because a level that is written there later from a dead letter would stay. @throws PROJECTION_FAILED
 */
export function levelWrites(
  definition: StockDefinition,
  change: Change,
  onLostPlace: (error: SluiceError) => void = raise,
): LevelWrite[] {
  const { position, op } = change;
  const sourceTsMs = op === 'r' ? null : change.sourceTsMs;
  const after = change.after === null ? null : checked(definition, change.after);
  const before = place(definition, change, onLostPlace);
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
function place(
  definition: StockDefinition,
  { before, after, key }: Change,
  onLostPlace: (error: SluiceError) => void,
): Place | null {
  // The projection may want columns that are not there: these images tell nothing then.
  if (before === null) return placeOf(definition, { ...after, ...key }, () => undefined);
  let lost: unknown;
  const told = placeOf(definition, before, (error) => {
    lost = error;
  });
  if (lost === undefined) return told ?? placeOf(definition, { ...after, ...key }, () => undefined);
  const byKey = placeOf(definition, key, () => undefined);
  if (byKey === null)
    onLostPlace(
      poison(lost, 'PROJECTION_FAILED', `project of stock table ${definition.table} failed on the row before`),
    );
  return byKey;
}

function placeOf(definition: StockDefinition, row: Row, onThrow: (error: unknown) => void): Place | null {
  try {
    const level = definition.project(row);
    return level !== null && isPlace(level)
      ? { sku: level.sku, location: level.location, lowAt: level.lowAt ?? null }
      : null;
  } catch (error) {
    onThrow(error);
    return null;
  }
}

const raise = (error: SluiceError): never => {
  throw error;
};

const isPlace = ({ sku, location }: StockLevel): boolean =>
  typeof sku === 'string' && sku !== '' && typeof location === 'string' && location !== '';
