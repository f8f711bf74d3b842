import { describe, expect, it } from 'vitest';
import { splitBatches } from '#infra/standin/sql/batches.ts';

describe('splitBatches', () => {
  it('splits on GO lines and tells where each batch begins', () => {
    expect(splitBatches('SELECT 1\nGO\n\nSELECT 2\n  go ; \nSELECT 3')).toEqual([
      { sql: 'SELECT 1', firstLine: 1 },
      { sql: '\nSELECT 2', firstLine: 3 },
      { sql: 'SELECT 3', firstLine: 6 },
    ]);
  });

  it('leaves GO alone inside strings, quoted names and comments', () => {
    const script =
      "PRINT 'a\nGO\nb'\nSELECT 1 AS [x\nGO\ny]\n/* outer /* inner */\nGO\n*/\nSELECT 2 -- 'open\nGO\nSELECT 3";
    expect(splitBatches(script).map((batch) => batch.firstLine)).toEqual([1, 12]);
  });

  it('repeats a batch as often as GO says and drops empty ones', () => {
    expect(splitBatches('GO\nINSERT t DEFAULT VALUES\nGO 3\n   \nGO\n').map((batch) => batch.sql.trim())).toEqual(
      Array.from({ length: 3 }, () => 'INSERT t DEFAULT VALUES'),
    );
  });

  it('does not take words that begin with go for the separator', () => {
    expect(splitBatches('SELECT 1\nGOTO x\nGO x')).toHaveLength(1);
  });
});
