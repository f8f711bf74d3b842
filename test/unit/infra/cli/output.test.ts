import { describe, expect, it } from 'vitest';
import { formatTable } from '#infra/cli/output.ts';

describe('formatTable', () => {
  it('aligns words to the left and numbers to the right', () => {
    const text = formatTable([
      ['group', 'lag'],
      ['stock', 7],
      ['rows', 12_345],
    ]);
    expect(text).toBe('group    lag\nstock      7\nrows   12345');
  });
});
