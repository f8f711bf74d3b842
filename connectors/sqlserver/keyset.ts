/**
 * `(a, b, c) > (@a, @b, @c)` in T-SQL, which has no row comparison. The leading `a >= @a` is implied; it lets the server seek.
 */
export function after(columns: readonly string[], marks: readonly string[]): string {
  return beyond(columns, marks, '>', '>');
}

/** `(a, b, c) <= (@a, @b, @c)`. */
export function upTo(columns: readonly string[], marks: readonly string[]): string {
  return beyond(columns, marks, '<', '<=');
}

function beyond(columns: readonly string[], marks: readonly string[], sign: '<' | '>', last: string): string {
  const signOf = (i: number): string => (i === columns.length - 1 ? last : sign);
  if (columns.length === 1) return `${columns[0]} ${last} ${marks[0]}`;
  const terms = columns.map((column, i) => {
    const equal = columns.slice(0, i).map((c, j) => `${c} = ${marks[j]}`);
    return `(${[...equal, `${column} ${signOf(i)} ${marks[i]}`].join(' AND ')})`;
  });
  return `${columns[0]} ${sign}= ${marks[0]} AND (${terms.join(' OR ')})`;
}
