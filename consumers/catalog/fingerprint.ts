import { createHash } from 'node:crypto';
import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';

/** Text literals are kept as they are; comments and blanks between tokens (also those that stripped types leave) do not count. */
const INSIGNIFICANT = /("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\/|\s+/gu;

/**
 * Sixteen hexadecimal digits that change when a definition gives other documents: its joins, functions, mapping or settings. Formatting,
 * comments and types do not count. Functions and constants that the definition's functions call are not seen.
 */
export function definitionFingerprint(definition: DocumentDefinition): string {
  const { root, joins, id, filter, project, mapping, settings } = definition;
  const code = [id, filter, project].map((part) => part?.toString().replace(INSIGNIFICANT, '$1') ?? '');
  const text = JSON.stringify([root, sorted(joins), code, sorted(mapping), sorted(settings ?? {})]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Members in one order at every depth: the order they are written in means nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}
