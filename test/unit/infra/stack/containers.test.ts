import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '#infra/runtime/logger.ts';
import { containerSpecs } from '#infra/stack/containerSpecs.ts';
import { ALL_PARTS, startStack } from '#infra/stack/stack.ts';

const specs = containerSpecs({ host: 'engine', kafkaPort: 23_456, saPassword: 'Abcdef1!' });

describe('the containers', () => {
  it('are one image for each part, of a fixed release where the vendor has one', () => {
    expect(Object.keys(specs).sort()).toEqual([...ALL_PARTS].sort());
    for (const spec of Object.values(specs)) expect(spec.image).toMatch(/:[\w.-]+$/);
  });

  it('are the same images as in compose.yaml', () => {
    const compose = readFileSync(join(import.meta.dirname, '../../../../infra/compose.yaml'), 'utf8');
    const images = [...compose.matchAll(/^ {4}image: (\S+)$/gm)].map((match) => match[1]);
    expect(images.sort()).toEqual(
      Object.values(specs)
        .map((spec) => spec.image)
        .sort(),
    );
  });

  it('let Kafka tell its clients the host and port under which they reach it', () => {
    expect(specs.kafka).toMatchObject({ port: 23_456, hostPort: 23_456 });
    expect(specs.kafka.environment).toMatchObject({ KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://engine:23456' });
    expect(specs.kafka.addresses('engine', 23_456)).toEqual({ kafka: { brokers: ['engine:23456'] } });
  });

  it('run SQL Server with the agent that change data capture needs', () => {
    expect(specs.sqlserver.environment).toMatchObject({ MSSQL_AGENT_ENABLED: 'true', MSSQL_SA_PASSWORD: 'Abcdef1!' });
    expect(specs.sqlserver.addresses('engine', 40_000).sqlserver).toMatchObject({
      port: 40_000,
      encrypt: true,
      trustServerCertificate: true,
    });
  });

  it('refuse a data folder, which they would not keep', async () => {
    const start = startStack({ parts: ['redis'], provider: 'containers', dataDir: '/tmp/x', log: silentLogger });
    await expect(start).rejects.toThrow(/keep no data/);
  });
});
