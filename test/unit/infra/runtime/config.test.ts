import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { configSchema } from '#infra/runtime/config/config.ts';
import { loadConfig, parseConfig } from '#infra/runtime/config/load.ts';
import { env, envBoolean, envList, envNumber, secretEnv, secretFile } from '#infra/runtime/config/reference.ts';

const valid = () => ({
  source: {
    server: env('SQL_HOST'),
    database: 'EPOS',
    user: 'reader',
    password: secretEnv('SQL_PASSWORD'),
    tables: ['dbo.PRODUCT'],
  },
  kafka: { brokers: envList('BROKERS'), topicPrefix: 'epos' },
  registry: { url: 'http://127.0.0.1:8081/apis/ccompat/v7' },
  elasticsearch: { url: 'http://127.0.0.1:9200' },
  redis: { url: 'redis://127.0.0.1:6379' },
  catalog: { documents: [] as unknown[] },
});
const environment = { SQL_HOST: 'db.example', BROKERS: 'a:1, b:2' };

function faultsOf(value: unknown, variables: NodeJS.ProcessEnv = environment): string {
  try {
    parseConfig(value, variables, 'sluice.config.ts');
  } catch (error) {
    return (error as Error).message;
  }
  return 'no fault';
}

describe('parseConfig', () => {
  it('takes values from the environment and fills in defaults', () => {
    const config = parseConfig(valid(), environment);
    expect([config.source.server, config.kafka.brokers, config.source.port, config.source.encrypt]).toEqual([
      'db.example',
      ['a:1', 'b:2'],
      1433,
      true,
    ]);
    expect(config.capture).toMatchObject({ name: 'capture', pageRows: 2000 });
  });

  it('names an unknown key, where it stands and the one that was probably meant', () => {
    const value = { ...valid(), capture: { polIntervalMs: 5 } };
    expect(faultsOf(value)).toBe(
      'sluice.config.ts has 1 fault:\n  capture.polIntervalMs: unknown key; did you mean pollIntervalMs?',
    );
  });

  it('prints all faults at once, each by its path with what was found', () => {
    const value = valid();
    const text = faultsOf({ ...value, source: { ...value.source, port: 'abc', tables: ['PRODUCT'] }, redis: {} });
    expect(text.split('\n').map((line) => line.trim())).toEqual([
      'sluice.config.ts has 3 faults:',
      expect.stringMatching(/^source\.port: .*number.*; found 'abc'$/),
      "source.tables[0]: expected schema.table, for example dbo.PRODUCT; found 'PRODUCT'",
      expect.stringMatching(/^redis\.url: .*; found nothing$/),
    ]);
  });

  it('names the environment variable that is not set', () => {
    expect(faultsOf(valid(), { BROKERS: 'a:1' })).toContain(
      'source.server: expected the environment variable SQL_HOST, found it unset',
    );
  });

  it('refuses a secret that stands in the configuration, without printing it', () => {
    const value = valid();
    const text = faultsOf({ ...value, source: { ...value.source, password: 'hunter2' } });
    expect(text).toContain('source.password: expected secretEnv(...) or secretFile(...)');
    expect(text).not.toContain('hunter2');
  });

  it('reports environment text that is not of the expected kind', () => {
    const value = valid();
    const source = { ...value.source, port: envNumber('PORT'), encrypt: envBoolean('ENCRYPT') };
    const text = faultsOf({ ...value, source }, { ...environment, PORT: 'x', ENCRYPT: 'maybe' });
    expect(text).toMatch(/source\.port: .*; found NaN/);
    expect(text).toMatch(/source\.encrypt: .*; found 'maybe'/);
  });
});

describe('loadConfig', () => {
  it('says which file is missing', async () => {
    await expect(loadConfig('no/such/sluice.config.ts')).rejects.toMatchObject({
      code: 'CFG_NOT_FOUND',
      message: 'No configuration at no/such/sluice.config.ts.',
    });
  });
});

describe('a secret', () => {
  it('is never printed, whichever way it is shown', () => {
    const secret = secretEnv('ANYTHING');
    expect(
      [String(secret), JSON.stringify({ secret }), inspect(secret), inspect({ deep: { secret } })].join(),
    ).not.toContain('ANYTHING');
  });

  it('that is missing is a named error which tells where it was looked for', () => {
    expect(() => secretFile('/no/such/file').read()).toThrow(
      'Secret expected in file /no/such/file, found nothing there.',
    );
    expect(secretEnv('SLUICE_TEST_UNSET_SECRET').exists()).toBe(false);
  });
});

describe('every key of the configuration', () => {
  it('has a description, and one that tells its default where it has one', () => {
    const bare: string[] = [];
    const visit = (schema: z.core.$ZodType, path: string, description: string | undefined): void => {
      const def = schema._zod.def as {
        type: string;
        innerType?: z.core.$ZodType;
        shape?: Record<string, z.core.$ZodType>;
      };
      const own = z.globalRegistry.get(schema)?.description ?? description;
      if (def.shape !== undefined) {
        for (const [key, child] of Object.entries(def.shape))
          visit(child, path === '' ? key : `${path}.${key}`, undefined);
      } else if (def.innerType !== undefined) {
        if (def.type === 'default' && !/default/i.test(z.globalRegistry.get(def.innerType)?.description ?? ''))
          bare.push(`${path} (default)`);
        visit(def.innerType, path, own);
      } else if (own === undefined) bare.push(path);
    };
    visit(configSchema, '', 'root');
    expect(bare).toEqual([]);
  });
});
