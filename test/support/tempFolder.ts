import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const made: string[] = [];

afterAll(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

/** A new folder, without links in its path, that goes when the test file is done. */
export function tempFolder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-test-')));
  made.push(path);
  return path;
}
