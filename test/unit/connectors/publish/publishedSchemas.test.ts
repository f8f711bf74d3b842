import { expect, test } from 'vitest';
import { publishedSchemas } from '#connectors/publish/publishedSchemas.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { envelopeSchema, keySchema } from '#schemas/avroBuilder.ts';
import type { AvroSchema } from '#schemas/avroSchema.ts';
import type { SchemaRegistry } from '#schemas/registry.ts';
import { type TableShape, topicOf } from '#schemas/tableShape.ts';

const shape = (name: string, database = 'SHOP', schema = 'dbo', keyed = true): TableShape => ({
  database,
  schema,
  name,
  keyColumns: keyed ? ['ID'] : [],
  columns: [{ name: 'ID', sqlType: 'int', nullable: false, precision: 0, scale: 0 }],
});

/** What captures of these tables leave in a registry. */
function registryOf(prefix: string, shapes: readonly TableShape[], rule?: string) {
  const held = new Map<string, AvroSchema>([
    ['other-value', { type: 'record', name: 'Other', fields: [] } as AvroSchema],
    [`${prefix}.SHOP.dbo.PLAIN-value`, 'string'],
  ]);
  const asked: string[] = [];
  for (const table of shapes) {
    const topic = topicOf(prefix, table, rule);
    const key = keySchema(prefix, table);
    if (key) held.set(`${topic}-key`, key);
    held.set(`${topic}-value`, envelopeSchema(prefix, table));
  }
  const registry = {
    subjects: async () => [...held.keys()],
    latest: async (subject: string) => {
      asked.push(subject);
      const schema = held.get(subject);
      return schema === undefined ? null : { id: 1, schema };
    },
  } as unknown as SchemaRegistry;
  return { registry, asked };
}

const wanted = { topicPrefix: 'shop.live', database: 'SHOP', tables: ['dbo.*'], excludeTables: [] };
const found = async (registry: SchemaRegistry, changes: object = {}) =>
  (await publishedSchemas(registry, { ...wanted, ...changes })).map((t) => [t.table, t.key !== null]);

test('the tables of this prefix and database are found by name and by pattern, excluded ones and other subjects are not', async () => {
  const { registry, asked } = registryOf('shop.live', [
    shape('ORD'),
    shape('LOG', 'SHOP', 'dbo', false),
    shape('SECRET'),
    shape('X', 'SHOP', 'web'),
    shape('ORD', 'OTHER'),
  ]);
  expect(await found(registry, { excludeTables: ['dbo.secret'] })).toEqual([
    ['dbo.LOG', false],
    ['dbo.ORD', true],
  ]);
  expect(asked).not.toContain('other-value');
  expect(asked).not.toContain('shop.live.OTHER.dbo.ORD-value');
  // Capitals are those of the source, as when the source itself is read.
  expect(await found(registry, { tables: ['DBO.ord', 'web.X'] })).toEqual([
    ['dbo.ORD', true],
    ['web.X', true],
  ]);
});

test('topics named by a rule of their own are found, and those of an earlier rule are not taken', async () => {
  const rule = '{table}.of.{prefix}';
  const { registry } = registryOf('shop.live', [shape('ORD')], rule);
  expect(await found(registry, { topicName: rule })).toEqual([['dbo.ORD', true]]);
  await expect(found(registry)).rejects.toThrow(SluiceError);
});

test('a table whose name Avro cannot hold keeps the name it is configured with', async () => {
  const { registry } = registryOf('shop.live', [shape('Order Details')]);
  expect(await found(registry, { tables: ['dbo.Order Details'] })).toEqual([['dbo.Order Details', true]]);
  expect(await found(registry)).toEqual([['dbo.Order_Details', true]]);
});

test('tables that no capture has registered are an error that names them', async () => {
  const { registry } = registryOf('shop.live', [shape('ORD')]);
  await expect(found(registry, { tables: ['dbo.ORD', 'dbo.NEW', 'dbo.LATER'] })).rejects.toMatchObject({
    code: 'SCHEMA_NOT_PUBLISHED',
    message: expect.stringContaining('dbo.NEW, dbo.LATER of database SHOP under the topic prefix shop.live'),
  });
  await expect(found(registry, { tables: ['none.*'] })).rejects.toMatchObject({ code: 'SCHEMA_NOT_PUBLISHED' });
});
