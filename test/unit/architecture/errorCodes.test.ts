import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '#infra/runtime/errorCodes.ts';
import { errorsPage } from '#infra/runtime/errorsPage.ts';
import { ROOT, readSources } from './sources.ts';

describe('error codes', () => {
  it('are all raised somewhere', () => {
    const text = readSources()
      .filter((source) => !source.path.startsWith('test/') && !source.path.startsWith('infra/runtime/errorCodes'))
      .map((source) => source.text)
      .join('\n');
    expect(Object.keys(ERROR_CODES).filter((code) => !text.includes(`'${code}'`))).toEqual([]);
  });

  it('are listed in docs/errors.md as the registry has them (node infra/runtime/errorsPage.ts > docs/errors.md)', () => {
    expect(readFileSync(join(ROOT, 'docs/errors.md'), 'utf8')).toBe(errorsPage());
  });
});
