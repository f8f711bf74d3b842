/**
 * Patterns of table and column names: `schema.table[.column]` or `database.schema.table[.column]`, `*` for any characters, capitals alike.
 * A pattern without an asterisk is a name.
 */
export type NamePattern = string;

/** True when the pattern is one plain name. */
export function isPlainName(pattern: NamePattern): boolean {
  return !pattern.includes('*');
}

/** A test for `names` (the short and the long form of one name): true when any pattern matches one of them whole. */
export function matcher(patterns: readonly NamePattern[]): (names: readonly string[]) => boolean {
  if (patterns.length === 0) return () => false;
  const tests = patterns.map((pattern) => {
    const literal = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${literal.join('.*')}$`, 'is');
  });
  return (names) => names.some((name) => tests.some((test) => test.test(name)));
}
