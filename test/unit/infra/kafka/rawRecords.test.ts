import { describe, expect, test } from 'vitest';
import { kafkaErrorName, toKafkaError } from '#infra/kafka/kafkajsErrors.ts';
import { committedRecords, toIncoming } from '#infra/kafka/rawRecords.ts';

const record = (offset: number, producerId: string, marker?: 'commit' | 'abort') => ({
  offset: String(offset),
  timestamp: '5',
  key: marker ? Buffer.from([0, 0, 0, marker === 'abort' ? 0 : 1]) : Buffer.from('k'),
  value: Buffer.from('v'),
  headers: {},
  isControlRecord: marker !== undefined,
  batchContext: { producerId, inTransaction: true },
});

const fetched = (
  messages: ReturnType<typeof record>[],
  abortedTransactions: { producerId: string; firstOffset: string }[],
) => ({
  partition: 0,
  errorCode: 0,
  highWatermark: '100',
  lastStableOffset: '100',
  abortedTransactions,
  messages,
});

describe('records of a fetch', () => {
  test('those of aborted transactions, markers and earlier offsets are left out', () => {
    const answer = fetched(
      [
        record(3, 'a'),
        record(4, 'b'),
        record(5, 'a', 'abort'),
        record(6, 'b', 'commit'),
        record(7, 'a'),
        record(8, 'a', 'commit'),
      ],
      [{ producerId: 'a', firstOffset: '1' }],
    );
    expect(committedRecords(answer, 4n).map((r) => r.offset)).toEqual(['4', '7']);
    expect(committedRecords(answer, 8n)).toEqual([]);
  });

  test('several transactions that began before the fetch are all known from its first record on', () => {
    const answer = fetched(
      [record(10, 'b'), record(11, 'a')],
      [
        { producerId: 'a', firstOffset: '2' },
        { producerId: 'b', firstOffset: '3' },
      ],
    );
    expect(committedRecords(answer, 0n)).toEqual([]);
  });

  test('headers come as bytes, of several values the last', () => {
    const raw = {
      ...record(1, 'a'),
      headers: { one: 'x', many: [Buffer.from('a'), Buffer.from('b')], none: undefined },
    };
    expect(toIncoming('t', 2, raw)).toMatchObject({
      topic: 't',
      partition: 2,
      offset: 1n,
      timestampMs: 5,
      headers: { one: Buffer.from('x'), many: Buffer.from('b') },
    });
  });
});

describe('errors of the library', () => {
  const protocol = (type: string, retriable = false): Error =>
    Object.assign(new Error('said by the broker'), { type, retriable });
  const wrapped = (cause: Error): Error =>
    Object.assign(new Error('retries exceeded', { cause }), { name: 'KafkaJSNumberOfRetriesExceeded' });

  test('are named by their cause, however deep', () => {
    expect(kafkaErrorName(wrapped(protocol('TOPIC_AUTHORIZATION_FAILED')))).toBe('TOPIC_AUTHORIZATION_FAILED');
  });

  test.each([
    [protocol('INVALID_PRODUCER_EPOCH'), 'KAFKA_FENCED', false],
    [protocol('PRODUCER_FENCED'), 'KAFKA_FENCED', false],
    [wrapped(protocol('UNKNOWN_TOPIC_OR_PARTITION', true)), 'KAFKA_TOPIC_MISSING', false],
    [Object.assign(new Error('connect ECONNREFUSED'), { name: 'KafkaJSConnectionError' }), 'KAFKA_UNREACHABLE', true],
    [protocol('TOPIC_AUTHORIZATION_FAILED'), 'KAFKA_REQUEST_FAILED', false],
    [protocol('NOT_ENOUGH_REPLICAS', true), 'KAFKA_REQUEST_FAILED', true],
  ])('%o becomes %s', (error, code, retriable) => {
    expect(toKafkaError(error, 'a request')).toMatchObject({
      code,
      retriable,
      message: expect.stringContaining('a request'),
    });
  });
});
