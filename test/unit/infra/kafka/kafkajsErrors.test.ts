import { describe, expect, test } from 'vitest';
import { kafkaErrorName, toKafkaError } from '#infra/kafka/kafkajsErrors.ts';

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
