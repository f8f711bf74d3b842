import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cacheFolder } from '#infra/stack/cacheFolder.ts';
import { componentsFor, redisBinary, registryJar } from '#infra/stack/components.ts';
import { addressesFromEnv, envOf } from '#infra/stack/env.ts';
import { freePorts } from '#infra/stack/ports.ts';
import { chooseProvider, type EngineAddress, engineAddresses } from '#infra/stack/provider.ts';
import { isNewEnough } from '#infra/stack/redisBinary.ts';
import { ALL_PARTS, type StackAddresses } from '#infra/stack/stack.ts';
import { shellQuote } from '#infra/stack/standingText.ts';
import { versionsFor } from '#infra/stack/versions.ts';
import { tempFolder } from '#test/support/tempFolder.ts';

const context = (env: Record<string, string>) => ({ env, platform: 'linux' as const, home: '/home/ann' });

describe('the releases', () => {
  it('are the newest from Java 21 on, and the last that run on 17 below', () => {
    expect(versionsFor(25)).toMatchObject({ elasticsearch: '9.5.3', registry: '3.3.3' });
    expect(versionsFor(21)).toEqual(versionsFor(25));
    expect(versionsFor(17)).toMatchObject({ kafka: '4.4.0', elasticsearch: '8.19.21', registry: '2.6.13.Final' });
  });

  it('have folders of their own, so that both sets may be in the cache', () => {
    const folders = [17, 21].flatMap((java) => Object.values(componentsFor(versionsFor(java))).map((c) => c.folder));
    expect(new Set(folders).size).toBe(6);
  });
});

describe('the packaged files', () => {
  const folder = tempFolder();

  it('give the redis-server of the platform', () => {
    for (const name of ['6.2.6-v5-linux-amd64', '6.2.11-linux-amd64', '6.2.7-linux-arm64', '6.2.6-v5-darwin-arm64']) {
      writeFileSync(join(folder, `redis-server-${name}`), '');
    }
    expect(redisBinary(folder, 'linux', 'x64')).toBe(join(folder, 'redis-server-6.2.11-linux-amd64'));
    expect(redisBinary(folder, 'darwin', 'arm64')).toBe(join(folder, 'redis-server-6.2.6-v5-darwin-arm64'));
    expect(redisBinary(folder, 'freebsd', 'x64')).toBeUndefined();
  });

  it('give the jar that starts the registry, whatever its generation calls it', () => {
    writeFileSync(join(folder, 'apicurio-registry-app-2.6.13.Final-runner.jar'), '');
    expect(registryJar(folder)).toMatch(/-runner\.jar$/);
  });

  it('let a Redis of the system go first only when it is new enough', () => {
    expect(isNewEnough('Redis server v=7.0.15 sha=00000000:0')).toBe(true);
    expect(isNewEnough('Valkey server v=8.1.8 sha=0')).toBe(true);
    expect(isNewEnough('Redis server v=6.0.16 sha=0')).toBe(false);
    expect(isNewEnough('error while loading shared libraries')).toBe(false);
  });
});

describe('the cache folder', () => {
  it('follows SLUICE_CACHE_DIR, then XDG_CACHE_HOME, then the platform', () => {
    expect(cacheFolder(context({ SLUICE_CACHE_DIR: '/c', XDG_CACHE_HOME: '/x' }))).toBe('/c');
    expect(cacheFolder(context({ XDG_CACHE_HOME: '/x' }))).toBe('/x/sluice');
    expect(cacheFolder(context({}))).toBe('/home/ann/.cache/sluice');
    expect(cacheFolder({ ...context({}), platform: 'darwin' })).toBe('/home/ann/Library/Caches/sluice');
  });
});

describe('the provider', () => {
  const silent = async (): Promise<boolean> => false;

  it('is what SLUICE_STACK says', async () => {
    expect(await chooseProvider(context({ SLUICE_STACK: 'external' }), silent)).toBe('external');
    await expect(chooseProvider(context({ SLUICE_STACK: 'cloud' }), silent)).rejects.toThrow(/SLUICE_STACK is "cloud"/);
  });

  it('is containers when an engine answers, else local', async () => {
    const env = { DOCKER_HOST: 'tcp://127.0.0.1:2375' };
    const asked: EngineAddress[] = [];
    const answers = async (address: EngineAddress): Promise<boolean> => asked.push(address) > 0;
    expect(await chooseProvider(context(env), answers)).toBe('containers');
    expect(asked).toEqual([{ host: '127.0.0.1', port: 2375 }]);
    expect(await chooseProvider(context({ ...env, SLUICE_STACK: 'auto' }), silent)).toBe('local');
  });

  it('asks only the engine that DOCKER_HOST names', () => {
    expect(engineAddresses(context({ DOCKER_HOST: 'unix:///run/x.sock' }))).toEqual([{ socketPath: '/run/x.sock' }]);
  });
});

describe('the environment', () => {
  const addresses: StackAddresses = {
    kafka: { brokers: ['127.0.0.1:9092', '127.0.0.1:9093'] },
    elasticsearch: { url: 'http://127.0.0.1:9200' },
    registry: { url: 'http://127.0.0.1:8081/apis/ccompat/v7' },
    redis: { url: 'redis://127.0.0.1:6379' },
    sqlserver: { host: '127.0.0.1', port: 1433, saPassword: 'S€cret 1', encrypt: false, trustServerCertificate: true },
  };

  it('carries the addresses there and back', () => {
    expect(addressesFromEnv(ALL_PARTS, envOf(addresses))).toEqual(addresses);
  });

  it('holds only the parts that were started', () => {
    expect(envOf({ redis: { url: 'redis://127.0.0.1:6379' } })).toEqual({ SLUICE_REDIS_URL: 'redis://127.0.0.1:6379' });
  });

  it('must name every address of an external stack; what is missing is told at once', () => {
    expect(() => addressesFromEnv(['kafka', 'redis'], {})).toThrow(/missing: SLUICE_KAFKA_BROKERS, SLUICE_REDIS_URL\./);
  });

  it('is printed so that a shell takes it literally', () => {
    expect(shellQuote('127.0.0.1:9092,127.0.0.1:9093')).toBe('127.0.0.1:9092,127.0.0.1:9093');
    expect(shellQuote("it's $HOME")).toBe(`'it'\\''s $HOME'`);
  });
});

describe('free ports', () => {
  it('are different and outside the range of outgoing connections', async () => {
    const ports = await freePorts(20);
    expect(new Set(ports).size).toBe(20);
    expect(Math.max(...ports)).toBeLessThan(32_768);
  });

  it('are not taken twice although the dice repeat', async () => {
    const dice = [0.5, 0.5, 0.5, 0.25];
    const ports = await freePorts(2, () => dice.shift() ?? Math.random());
    expect(new Set(ports).size).toBe(2);
  });
});
