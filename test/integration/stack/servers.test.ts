import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, inject, it } from 'vitest';

const stack = inject('stack');

describe('the stack that tests are given', () => {
  it('has a Kafka broker that makes topics at once', async () => {
    const admin = new Kafka({ brokers: stack.kafka!.brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const topic = `stack-test-${process.pid}`;
    await admin.createTopics({ topics: [{ topic, numPartitions: 2 }], waitForLeaders: true });
    expect(await admin.listTopics()).toContain(topic);
    await admin.deleteTopics({ topics: [topic] });
    await admin.disconnect();
  });

  it('has a schema registry that gives a schema the same id in every subject and refuses an incompatible one', async () => {
    const register = async (subject: string, schema: object): Promise<Response> =>
      fetch(`${stack.registry!.url}/subjects/${subject}/versions`, {
        method: 'POST',
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        body: JSON.stringify({ schema: JSON.stringify(schema) }),
      });
    const record = (name: string, fields: object[]): object => ({ type: 'record', name, fields });
    const name = `StackTest${process.pid}`;
    const first = await register(`${name}-one`, record(name, [{ name: 'a', type: 'int' }]));
    const second = await register(`${name}-two`, record(name, [{ name: 'a', type: 'int' }]));
    expect(((await first.json()) as { id: number }).id).toBe(((await second.json()) as { id: number }).id);
    const incompatible = await register(`${name}-one`, record(name, [{ name: 'b', type: 'string' }]));
    expect(incompatible.status).toBe(409);
  });

  it('has a Redis that keeps what is written', async () => {
    const redis = new Redis(stack.redis!.url);
    await redis.set(`stack-test-${process.pid}`, 'kept', 'EX', 60);
    expect(await redis.get(`stack-test-${process.pid}`)).toBe('kept');
    await redis.quit();
  });
});
