import { describe, expect, it } from 'vitest';
import { readSources, type Source } from './sources.ts';

/** What each folder may import besides itself (longest prefix wins), and Node's own modules. See ARCHITECTURE.md, "Folders". */
const MAY_IMPORT: Record<string, readonly string[]> = {
  'connectors/sqlserver': ['infra/runtime'],
  'connectors/capture': ['connectors/sqlserver', 'infra/runtime'],
  'connectors/publish': [
    'connectors/capture',
    'connectors/sqlserver/lsn.ts',
    'schemas',
    'infra/kafka',
    'infra/runtime',
  ],
  'connectors/commands': ['connectors/sqlserver', 'schemas', 'infra/kafka', 'infra/runtime'],
  schemas: ['infra/runtime'],
  'consumers/runner': ['infra/kafka', 'infra/redis', 'schemas', 'infra/runtime'],
  'consumers/rows': ['consumers/runner', 'infra/kafka', 'infra/redis', 'infra/runtime', 'schemas'],
  'consumers/catalog': ['consumers/runner', 'consumers/rows', 'infra/kafka', 'infra/redis', 'infra/runtime', 'schemas'],
  'consumers/stock': ['consumers/runner', 'infra/kafka', 'infra/redis', 'infra/runtime', 'schemas'],
  'consumers/orders': ['consumers/runner', 'infra/kafka', 'infra/redis', 'infra/runtime', 'schemas'],
  'consumers/webhooks': [
    'consumers/runner',
    'consumers/orders',
    'infra/kafka',
    'infra/redis',
    'infra/runtime',
    'schemas',
  ],
  'consumers/storefront': [
    'consumers/catalog',
    'consumers/stock',
    'consumers/orders',
    'schemas',
    'infra/redis',
    'infra/runtime',
  ],
  'infra/runtime': [],
  'infra/kafka': ['infra/runtime'],
  'infra/redis': ['infra/runtime'],
  'infra/stack': ['infra/runtime'],
  'infra/sql': ['infra/runtime'],
  'infra/standin': [],
  'infra/ops': ['connectors', 'consumers', 'schemas', 'infra'],
  'infra/cli': ['connectors', 'consumers', 'schemas', 'infra'],
  'infra/kubernetes': ['infra/demo', 'infra/runtime'],
  'infra/demo': ['connectors', 'consumers', 'schemas', 'infra'],
  test: ['connectors', 'consumers', 'schemas', 'infra'],
};

/** Packages that only some folders may import. */
const PACKAGE_OWNERS: Record<string, readonly string[]> = {
  mssql: ['connectors/sqlserver'],
  tedious: ['connectors/sqlserver'],
  avsc: ['schemas'],
  kafkajs: ['infra/kafka'],
  ioredis: ['infra/redis'],
  '@elastic/elasticsearch': ['consumers/catalog'],
  jose: ['infra/runtime'],
  soap: ['connectors/commands'],
  fastify: ['connectors/commands', 'consumers/storefront', 'infra/ops'],
  pino: ['infra/runtime'],
  'prom-client': ['infra/runtime'],
  commander: ['infra/cli'],
  testcontainers: ['infra/stack'],
  '@faker-js/faker': ['infra/demo'],
  zod: ['connectors', 'consumers', 'schemas', 'infra/runtime', 'infra/cli', 'infra/demo'],
};

const sources = readSources().filter((source) => !source.path.startsWith('test/unit/architecture/'));
const within = (path: string, prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);
const folderOf = (path: string): string | undefined =>
  Object.keys(MAY_IMPORT)
    .filter((folder) => within(path, folder))
    .sort((a, b) => b.length - a.length)[0];

function faultsOf(source: Source): string[] {
  const folder = folderOf(source.path);
  if (folder === undefined) return [`${source.path} lies in no known folder`];
  return source.imports.flatMap((target) => {
    if (target.startsWith('node:')) return [];
    const ours = folderOf(target) !== undefined;
    if (ours) {
      const allowed = within(target, folder) || MAY_IMPORT[folder]!.some((prefix) => within(target, prefix));
      return allowed ? [] : [`${source.path} imports ${target}`];
    }
    if (within(source.path, 'test')) return [];
    if (folder === 'infra/standin')
      return [`${source.path} imports the package ${target}; the stand-in uses Node only`];
    const owners = PACKAGE_OWNERS[target];
    if (owners === undefined) return [`${source.path} imports ${target}, which has no owner folder`];
    return owners.some((owner) => within(source.path, owner))
      ? []
      : [`${source.path} imports ${target}; only ${owners.join(', ')} may`];
  });
}

describe('dependencies between folders', () => {
  it('follow the table in ARCHITECTURE.md', () => {
    expect(sources.flatMap(faultsOf)).toEqual([]);
  });

  it('never reach into tests', () => {
    const faults = sources.filter((s) => !within(s.path, 'test') && s.imports.some((t) => within(t, 'test')));
    expect(faults.map((s) => s.path)).toEqual([]);
  });

  it('would be noticed when broken', () => {
    const broken: Source = {
      path: 'consumers/stock/x.ts',
      text: '',
      lines: 1,
      imports: ['connectors/capture/y.ts', 'kafkajs'],
    };
    expect(faultsOf(broken)).toHaveLength(2);
  });
});
