import { describe, expect, it } from 'vitest';
import { parseBatch } from '#infra/standin/sql/parser.ts';

/** Definition texts of a column's default and a check, as the catalog shows them. */
function definitions(column: string): {
  default: string | undefined;
  check: string | undefined;
  computed: string | undefined;
} {
  const [statement] = parseBatch(`CREATE TABLE t (${column})`).statements;
  if (statement?.k !== 'createTable') throw new Error('no table');
  const [first] = statement.definition.columns;
  const check = statement.definition.constraints.find((c) => c.k === 'check');
  return {
    default: first?.default?.text,
    check: check?.k === 'check' ? check.text : undefined,
    computed: first?.computed?.text,
  };
}

describe('definition texts', () => {
  it.each([
    ['a int DEFAULT 1', '((1))'],
    ['a int DEFAULT ((1))', '((1))'],
    ['a int DEFAULT (-1)', '((-1))'],
    ['a decimal(9,2) DEFAULT 1.50', '((1.50))'],
    ["a varchar(5) DEFAULT 'it''s'", "('it''s')"],
    ["a nvarchar(5) DEFAULT (N'x')", "(N'x')"],
    ['a datetime DEFAULT GETDATE()', '(getdate())'],
    ['a date DEFAULT (CONVERT([date], GETDATE()))', '(CONVERT([date],getdate()))'],
    ['a int DEFAULT NULL', '(NULL)'],
    ['a bit DEFAULT 0', '((0))'],
  ])('shows the default of %s as %s', (column, text) => {
    expect(definitions(column).default).toBe(text);
  });

  it.each([
    ['a int CHECK (a >= 0 AND a < 10)', '([a]>=(0) AND [a]<(10))'],
    ["a char(1) CHECK (a IN ('x', 'y'))", "(([a]='y' OR [a]='x'))"],
    ['a int CHECK (a BETWEEN 1 AND 5 OR a IS NULL)', '([a]>=(1) AND [a]<=(5) OR [a] IS NULL)'],
    ["a varchar(9) CHECK (NOT (a LIKE '%x%'))", "(NOT [a] like '%x%')"],
  ])('shows the check of %s as %s', (column, text) => {
    expect(definitions(column).check).toBe(text);
  });

  it('shows a computed column with its operators', () => {
    expect(definitions('a AS (b * (c + 1)) PERSISTED').computed).toBe('([b]*([c]+(1)))');
  });
});
