import { describe, expect, it } from 'vitest';
import { readSources } from './sources.ts';

const MAX_LINES = 320;
const ours = readSources().filter((s) => !s.path.startsWith('schemas/generated/'));
const production = ours.filter((s) => !s.path.startsWith('test/'));

describe('source files', () => {
  it(`stay under about 300 lines`, () => {
    const long = ours.filter((s) => s.lines > MAX_LINES).map((s) => `${s.path}: ${s.lines}`);
    expect(long).toEqual([]);
  });

  it('read the environment only in the configuration, the programs that start others, and the stand-in', () => {
    const allowed = /^(infra\/(runtime\/config|stack|cli\/main\.ts|demo\/run|standin\/main\.ts|bootstrap))/;
    const faults = production
      .filter((s) => /\bprocess\.env\b/.test(s.text) && !allowed.test(s.path))
      .map((s) => s.path);
    expect(faults).toEqual([]);
  });

  it('leave no unfinished marks', () => {
    const marks = ours.filter(
      (s) => !s.path.startsWith('test/unit/architecture/') && /\b(TODO|FIXME|XXX)\b/.test(s.text),
    );
    expect(marks.map((s) => s.path)).toEqual([]);
  });

  it('wait in tests for a condition, never by the clock', () => {
    const sleeps = ours.filter(
      (s) =>
        s.path.startsWith('test/') &&
        s.path !== 'test/support/eventually.ts' &&
        /\b(setTimeout|sleep)\(\s*\d/.test(s.text),
    );
    expect(sleeps.map((s) => s.path).filter((path) => !path.startsWith('test/unit/architecture/'))).toEqual([]);
  });
});
