import { describe, expect, test } from 'vitest';
import { createRegistry } from '#schemas/registry.ts';

type Answer = { status: number; body: unknown } | Error;

function answering(...answers: Answer[]): { fetch: typeof fetch; calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    fetch: (async (url: string, init: RequestInit) => {
      calls.push(`${init.method} ${url}`);
      const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
      if (answer instanceof Error) throw answer;
      return new Response(JSON.stringify(answer.body), { status: answer.status });
    }) as unknown as typeof fetch,
  };
}

const registryOf = (fake: { fetch: typeof fetch }, attempts = 3) =>
  createRegistry({ url: 'http://registry:8081/apis/ccompat/v7/', fetch: fake.fetch, attempts });

describe('the registry client', () => {
  test('registers under an encoded subject and remembers the id', async () => {
    const fake = answering({ status: 200, body: { id: 7 } });
    const registry = registryOf(fake);
    expect(await registry.register('a/b-value', 'string')).toBe(7);
    expect(await registry.register('a/b-value', 'string')).toBe(7);
    expect(fake.calls).toEqual(['POST http://registry:8081/apis/ccompat/v7/subjects/a%2Fb-value/versions']);
  });

  test('takes the id of a subject that somebody else made at the same moment', async () => {
    const raced = answering(
      { status: 409, body: { error_code: 409, message: "An artifact with ID 's' in group 'null' already exists." } },
      { status: 200, body: { id: 3 } },
    );
    expect(await registryOf(raced).register('s', 'int')).toBe(3);
    expect(raced.calls.length).toBe(2);
  });

  test('lists every subject: a page at a time, or all at once where the registry knows no pages', async () => {
    const names = Array.from({ length: 1500 }, (_, i) => `s${i}`);
    const paging = answering({ status: 200, body: names.slice(0, 1000) }, { status: 200, body: names.slice(1000) });
    expect(await registryOf(paging).subjects()).toEqual(names);
    expect(paging.calls.map((call) => call.split('?')[1])).toEqual(['offset=0&limit=1000', 'offset=1000&limit=1000']);
    const whole = answering({ status: 200, body: names });
    expect(await registryOf(whole).subjects()).toEqual(names);
    const exact = answering({ status: 200, body: names.slice(0, 1000) }, { status: 200, body: [] });
    expect(await registryOf(exact).subjects()).toHaveLength(1000);
  });

  test('asks for a schema once and again only after a failure', async () => {
    const fake = answering(
      { status: 404, body: { error_code: 40403, message: 'Schema not found' } },
      { status: 200, body: { schema: '"long"' } },
    );
    const registry = registryOf(fake);
    await expect(registry.schemaById(9)).rejects.toMatchObject({ code: 'SCHEMA_UNKNOWN' });
    expect(await registry.schemaById(9)).toBe('long');
    expect(await registry.schemaById(9)).toBe('long');
    expect(fake.calls.length).toBe(2);
  });

  test('tries again while the registry is away and says so in the end', async () => {
    const away = answering(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:8081') }));
    await expect(registryOf(away, 2).schemaById(1)).rejects.toMatchObject({
      code: 'SCHEMA_REGISTRY_UNREACHABLE',
      retriable: true,
      message: expect.stringContaining('ECONNREFUSED'),
    });
    const back = answering({ status: 503, body: {} }, { status: 200, body: { id: 1 } });
    expect(await registryOf(back).register('s', 'int')).toBe(1);
  });

  test('an incompatible schema is told apart from a bad one', async () => {
    const incompatible = answering({ status: 409, body: { error_code: 409, message: 'field removed' } });
    await expect(registryOf(incompatible).register('s', 'int')).rejects.toMatchObject({ code: 'SCHEMA_INCOMPATIBLE' });
    const invalid = answering({ status: 422, body: { error_code: 42201, message: 'not Avro' } });
    await expect(registryOf(invalid).register('s', 'int')).rejects.toMatchObject({ code: 'SCHEMA_REGISTRY_REFUSED' });
  });

  test('an unknown subject has no newest schema and anything is compatible with it', async () => {
    const fake = answering({ status: 404, body: { error_code: 40401, message: 'Subject not found' } });
    expect(await registryOf(fake).latest('s')).toBeNull();
    expect(await registryOf(fake).compatibility('s', 'int')).toEqual({ compatible: true, messages: [] });
    expect(await registryOf(fake).lookup('s', 'int')).toBeNull();
  });
});
