import { describe, expect, test } from 'vitest';
import { AckGuard } from '#infra/kafka/ackGuard.ts';

const ack = (baseOffset: string, partition = 0, errorCode = 0) => ({
  topicName: 't',
  partition,
  errorCode,
  baseOffset,
});

describe('the acknowledgement guard', () => {
  test('takes an answer whose offset grows', () => {
    const guard = new AckGuard();
    expect(guard.check('t', 0, 3, [ack('10')])).toEqual({ baseOffset: 10n });
    expect(guard.check('t', 0, 1, [ack('13')])).toEqual({ baseOffset: 13n });
    expect(guard.check('t', 1, 1, [ack('0', 1)])).toEqual({ baseOffset: 0n });
  });

  test.each([
    ['the partition is missing from the answer', []],
    ['two answers came', [ack('1'), ack('2', 1)]],
    ['the answer is for another partition', [ack('1', 1)]],
    ['the broker gave an error code', [ack('1', 0, 7)]],
    ['the answer has no offset', [{ topicName: 't', partition: 0, errorCode: 0 }]],
  ])('refuses when %s', (_what, acks) => {
    expect(() => new AckGuard().check('t', 0, 1, acks)).toThrow(/not confirmed/);
  });

  test('refuses an offset that was confirmed before, the sign of a swallowed message', () => {
    const guard = new AckGuard();
    guard.check('t', 0, 5, [ack('10')]);
    expect(() => guard.check('t', 0, 1, [ack('14')])).toThrow(/not above 14/);
  });
});
