import { describe, expect, test } from 'vitest';
import { envelopeSchema, rowOfEnvelope } from '#schemas/avroBuilder.ts';
import type { AvroRecord, AvroSchema } from '#schemas/avroSchema.ts';
import { unwrapNullable } from '#schemas/avroSchema.ts';
import { evolveSchema } from '#schemas/compatibility.ts';
import type { SchemaRegistry } from '#schemas/registry.ts';

const envelope = (columns: Readonly<Record<string, 'int' | 'int?' | 'bigint' | 'bigint?'>>): AvroRecord =>
  envelopeSchema('p', {
    database: 'DB',
    schema: 'dbo',
    name: 'T',
    keyColumns: ['ID'],
    columns: Object.entries({ ID: 'int', ...columns }).map(([name, type]) => ({
      name,
      sqlType: type.replace('?', ''),
      nullable: type.endsWith('?'),
      precision: 10,
      scale: 0,
    })),
  });

/** A registry with the rule BACKWARD on the rows' fields: readers of the new schema must be able to read the old one's records. */
class BackwardRegistry implements SchemaRegistry {
  readonly versions: AvroRecord[] = [];

  async register(subject: string, schema: AvroSchema): Promise<number> {
    const known = await this.lookup(subject, schema);
    if (known !== null) return known;
    return this.versions.push(schema as AvroRecord);
  }

  async lookup(_: string, schema: AvroSchema): Promise<number | null> {
    const at = this.versions.findIndex((v) => JSON.stringify(v) === JSON.stringify(schema));
    return at < 0 ? null : at + 1;
  }

  async latest() {
    const schema = this.versions.at(-1);
    return schema ? { id: this.versions.length, schema } : null;
  }

  async compatibility(_: string, schema: AvroSchema) {
    const messages: string[] = [];
    const older = new Map(rowOfEnvelope(this.versions.at(-1)!)!.fields.map((f) => [f.name, f]));
    for (const field of rowOfEnvelope(schema as AvroRecord)!.fields) {
      const before = older.get(field.name);
      const now = unwrapNullable(field.type);
      const then = before && unwrapNullable(before.type);
      if (!then) {
        if (field.default === undefined) messages.push(`READER_FIELD_MISSING_DEFAULT_VALUE ${field.name}`);
      } else if (then.nullable && !now.nullable) messages.push(`TYPE_MISMATCH null ${field.name}`);
      else if (now.schema !== then.schema && !(now.schema === 'long' && then.schema === 'int'))
        messages.push(`TYPE_MISMATCH ${field.name}`);
    }
    return { compatible: messages.length === 0, messages };
  }

  schemaById(): Promise<AvroSchema> {
    return Promise.reject(new Error('not used'));
  }

  async subjects(): Promise<readonly string[]> {
    return ['s'];
  }
}

async function evolved(first: AvroRecord, next: AvroRecord, uncertain: readonly string[] = []) {
  const registry = new BackwardRegistry();
  await evolveSchema(registry, 's', first, {});
  return evolveSchema(registry, 's', next, { uncertain: new Set(uncertain) });
}

const nullabilityOf = (schema: AvroRecord, name: string): boolean =>
  unwrapNullable(rowOfEnvelope(schema)!.fields.find((f) => f.name === name)!.type).nullable;

describe('a schema that is to follow another', () => {
  test.each([
    ['a nullable column added', { A: 'int' }, { A: 'int', B: 'int?' }],
    ['a column dropped', { A: 'int', B: 'int' }, { A: 'int' }],
    ['a column widened', { A: 'int' }, { A: 'bigint' }],
    ['NOT NULL lifted', { A: 'int' }, { A: 'int?' }],
  ] as const)('%s is taken as it is', async (_, first, next) => {
    const { schema, keptNullable } = await evolved(envelope(first), envelope(next));
    expect(schema).toEqual(envelope(next));
    expect(keptNullable).toEqual([]);
  });

  test('a column made NOT NULL stays nullable for the readers of what was written before', async () => {
    const { schema, keptNullable } = await evolved(envelope({ A: 'int?' }), envelope({ A: 'int' }));
    expect(keptNullable).toEqual(['A']);
    expect(nullabilityOf(schema, 'A')).toBe(true);
    expect(rowOfEnvelope(schema)!.fields.find((f) => f.name === 'A')).toMatchObject({ default: null });
  });

  test('a column added NOT NULL without a default is carried as nullable', async () => {
    const { keptNullable } = await evolved(envelope({}), envelope({ B: 'int' }));
    expect(keptNullable).toEqual(['B']);
  });

  test('a narrowed column is refused with the registry’s words, even beside one that could be kept nullable', async () => {
    const refused = evolved(envelope({ A: 'bigint', B: 'int?' }), envelope({ A: 'int', B: 'int' }));
    await expect(refused).rejects.toMatchObject({
      code: 'SCHEMA_INCOMPATIBLE',
      message: expect.stringContaining('TYPE_MISMATCH A'),
    });
  });

  test('a schema the subject had before is taken again, though it could not follow the newest', async () => {
    const registry = new BackwardRegistry();
    const first = await evolveSchema(registry, 's', envelope({ A: 'int' }), {});
    await evolveSchema(registry, 's', envelope({ A: 'bigint' }), {});
    expect(await evolveSchema(registry, 's', envelope({ A: 'int' }), {})).toEqual(first);
    expect(registry.versions.length).toBe(2);
  });

  test('what an uncertain column was is what the newest schema says', async () => {
    const wasNullable = await evolved(envelope({ A: 'int?' }), envelope({ A: 'int' }), ['A']);
    expect([nullabilityOf(wasNullable.schema, 'A'), wasNullable.keptNullable]).toEqual([true, []]);
    const wasNot = await evolved(envelope({ A: 'int' }), envelope({ A: 'int?' }), ['A']);
    expect(nullabilityOf(wasNot.schema, 'A')).toBe(false);
    const unknown = await evolved(envelope({}), envelope({ A: 'int?' }), ['A']);
    expect(nullabilityOf(unknown.schema, 'A')).toBe(true);
  });
});
