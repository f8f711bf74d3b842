import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '#infra/runtime/errorCodes.ts';
import { describeError, errorFields, hasCode, isAbort, isRetriable, SluiceError } from '#infra/runtime/errors.ts';

describe('SluiceError', () => {
  it('takes its hint and whether it is retriable from the registry unless told otherwise', () => {
    const plain = new SluiceError('CFG_INVALID', 'bad');
    expect([plain.hint, plain.retriable]).toEqual([ERROR_CODES.CFG_INVALID.remedy, false]);
    const told = new SluiceError('CFG_INVALID', 'bad', { hint: 'do this', retriable: true });
    expect([told.hint, isRetriable(told)]).toEqual(['do this', true]);
  });

  it('is found by code through a chain of causes', () => {
    const outer = new Error('outer', { cause: new SluiceError('INTERNAL', 'inner') });
    expect([hasCode(outer, 'INTERNAL'), hasCode(outer, 'ABORTED')]).toEqual([true, false]);
  });

  it('shows a person the message and the remedy, never the stack', () => {
    const text = describeError(new SluiceError('CFG_NOT_FOUND', 'No configuration at x.'));
    expect(text).toBe('CFG_NOT_FOUND: No configuration at x.\n  → Create sluice.config.ts or name one with --config.');
  });

  it('gives a log line its code and facts', () => {
    const fields = errorFields(new SluiceError('INTERNAL', 'm', { context: { topic: 't' }, cause: new Error('why') }));
    expect(fields).toEqual({ errorCode: 'INTERNAL', error: 'm', topic: 't', cause: 'why' });
  });

  it('tells an abort from a failure', () => {
    const abort = new AbortController();
    abort.abort();
    expect([isAbort(abort.signal.reason), isAbort(new SluiceError('ABORTED', 'x')), isAbort(new Error('x'))]).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe('the registry of error codes', () => {
  it.each(Object.entries(ERROR_CODES))(
    '%s has a cause and a remedy that end in a full stop',
    (_code, { cause, remedy }) => {
      expect([cause, remedy]).toEqual([expect.stringMatching(/^\S.*\.$/s), expect.stringMatching(/^\S.*\.$/s)]);
    },
  );
});
