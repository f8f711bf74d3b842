import { isDeepStrictEqual } from 'node:util';

/** Something that stands in the source or in a copy under an identity. */
export interface Identified {
  readonly id: string;
  readonly value: unknown;
}

/** How the copy of one thing differs from what the source gives. */
export type DifferenceKind = 'missing' | 'extra' | 'different';

export interface Difference {
  /** What was compared, e.g. `product` or `stock`. */
  readonly what: string;
  readonly id: string;
  readonly kind: DifferenceKind;
  /** For `different`: the top-level fields that differ. Values are never shown. */
  readonly fields: readonly string[];
}

export interface Comparison {
  readonly what: string;
  /** How many the source gives. */
  readonly expected: number;
  readonly differences: readonly Difference[];
}

/**
 * Compares everything a copy holds with everything the source gives. `expected` is held in memory (one entry a thing), the copy is read as
 * a stream.
 */
export async function compare(
  what: string,
  expected: ReadonlyMap<string, unknown>,
  actual: AsyncIterable<Identified>,
): Promise<Comparison> {
  const differences: Difference[] = [];
  const seen = new Set<string>();
  for await (const { id, value } of actual) {
    seen.add(id);
    if (!expected.has(id)) {
      differences.push({ what, id, kind: 'extra', fields: [] });
      continue;
    }
    const fields = differingFields(expected.get(id), value);
    if (fields.length > 0) differences.push({ what, id, kind: 'different', fields });
  }
  for (const id of expected.keys()) if (!seen.has(id)) differences.push({ what, id, kind: 'missing', fields: [] });
  return { what, expected: expected.size, differences };
}

/** One line for a person: `product 0000012345: price, priceMinor differ`. */
export function describeDifference({ what, id, kind, fields }: Difference): string {
  if (kind === 'missing') return `${what} ${id}: missing in the copy`;
  if (kind === 'extra') return `${what} ${id}: in the copy, not in the source`;
  return `${what} ${id}: ${fields.join(', ')} ${fields.length === 1 ? 'differs' : 'differ'}`;
}

/** Names of the top-level fields in which two values differ; `(value)` when they are not both objects. */
function differingFields(expected: unknown, actual: unknown): string[] {
  if (isDeepStrictEqual(expected, actual)) return [];
  if (!isRecord(expected) || !isRecord(actual)) return ['(value)'];
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...names].filter((name) => !isDeepStrictEqual(expected[name], actual[name])).sort();
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
