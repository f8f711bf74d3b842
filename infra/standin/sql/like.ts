import type { Collation } from './collation.ts';

/**
 * A LIKE pattern as a regular expression over the whole string: % any text, _ one unit, [a-f] and [^a-f] sets; `mark` (ESCAPE) is one character
 * that makes the next one plain. Undefined when the escape character ends the pattern, which matches nothing.
 */
export function likeRegExp(pattern: string, mark: string | undefined, collation?: Collation): RegExp | undefined {
  let out = '';
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i] ?? '';
    if (mark !== undefined && c === mark) {
      i++;
      if (i >= pattern.length) return undefined;
      out += quote(pattern[i] ?? '');
    } else if (c === '%') out += '.*';
    else if (c === '_') out += '.';
    else if (c === '[') {
      const set = readSet(pattern, i, mark);
      // Without its closing bracket a set matches nothing.
      if (!set) return undefined;
      out += set.source;
      i = set.end;
    } else out += quote(c);
  }
  const sensitive = collation !== undefined && collation.kind !== 'ci';
  return new RegExp(`^${out}$`, sensitive ? 's' : 'is');
}

function readSet(pattern: string, open: number, mark: string | undefined): { source: string; end: number } | undefined {
  let i = open + 1;
  const negated = pattern[i] === '^';
  if (negated) i++;
  let body = '';
  const first = i;
  for (; i < pattern.length; i++) {
    const c = pattern[i] ?? '';
    if (c === ']' && i > first) return { source: body === '' ? '(?!)' : `[${negated ? '^' : ''}${body}]`, end: i };
    if (c === ']' && i === first) return { source: '(?!)', end: i };
    if (mark !== undefined && c === mark && i + 1 < pattern.length) body += quote(pattern[++i] ?? '');
    else if (c === '-' && i > first && pattern[i + 1] !== ']' && i + 1 < pattern.length) body += '-';
    else body += quote(c);
  }
  return undefined;
}

function quote(c: string): string {
  return /[\\^$.*+?()[\]{}|/-]/.test(c) ? `\\${c}` : c;
}

/** Matches text against patterns; the last pattern's expression is kept, since patterns seldom change. */
export function likeMatcher(
  collation: Collation | undefined,
  ignoreTrailingBlanks: boolean,
): (text: string, pattern: string, mark?: string) => boolean {
  let lastPattern: string | undefined;
  let lastMark: string | undefined;
  let regExp: RegExp | undefined;
  return (text, pattern, mark) => {
    if (pattern !== lastPattern || mark !== lastMark) {
      regExp = likeRegExp(pattern, mark, collation);
      lastPattern = pattern;
      lastMark = mark;
    }
    if (!regExp) return false;
    if (regExp.test(text)) return true;
    // In code page text, blanks at the end of the tested value may be missing or superfluous.
    return ignoreTrailingBlanks && text.endsWith(' ') && regExp.test(text.trimEnd());
  };
}
