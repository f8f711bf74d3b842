import { SluiceError } from '#infra/runtime/errors.ts';
import { rowOfEnvelope } from './avroBuilder.ts';
import { type AvroField, type AvroRecord, unwrapNullable } from './avroSchema.ts';
import type { SchemaRegistry } from './registry.ts';

/** A schema that the registry holds for a subject. */
export interface Evolved {
  readonly id: number;
  /** What to write with: as wanted, but for the fields in `keptNullable`. */
  readonly schema: AvroRecord;
  /** Fields that are NOT NULL at the source and stay nullable in the topic, because readers of the older schema need it so. */
  readonly keptNullable: readonly string[];
}

export interface EvolveOptions {
  /** Fields whose nullability is not known for sure: they keep what the newest registered schema says, if it has them. */
  readonly uncertain?: ReadonlySet<string>;
}

/**
 * Registers the schema as the subject's next one, after asking whether it may follow. A schema the subject already has is taken as it is: an
 * older version may be needed again after a restart. Where only NOT NULL columns stand in the way (made NOT NULL later, or added so without
 * a default that a schema can hold), they are carried as nullable instead.
 * @throws SluiceError SCHEMA_INCOMPATIBLE with the registry's own words
 */
export async function evolveSchema(
  registry: SchemaRegistry,
  subject: string,
  wanted: AvroRecord,
  options: EvolveOptions,
  signal?: AbortSignal,
): Promise<Evolved> {
  const newest = async (): Promise<AvroRecord | undefined> =>
    (await registry.latest(subject, signal))?.schema as AvroRecord | undefined;
  const { uncertain } = options;
  const before = uncertain && uncertain.size > 0 ? await newest() : undefined;
  const sure = before && uncertain ? withKnownNullability(wanted, before, uncertain) : wanted;
  const known = await registry.lookup(subject, sure, signal);
  if (known !== null) return { id: known, schema: sure, keptNullable: [] };
  const latest = before ?? (await newest());
  if (!latest) return { id: await registry.register(subject, sure, signal), schema: sure, keptNullable: [] };
  const answer = await registry.compatibility(subject, sure, signal);
  if (answer.compatible) return { id: await registry.register(subject, sure, signal), schema: sure, keptNullable: [] };
  const relaxed = relaxNotNull(sure, latest);
  if (relaxed.fields.length > 0 && (await registry.compatibility(subject, relaxed.schema, signal)).compatible) {
    const id = await registry.register(subject, relaxed.schema, signal);
    return { id, schema: relaxed.schema, keptNullable: relaxed.fields };
  }
  throw incompatible(subject, answer.messages);
}

function incompatible(subject: string, messages: readonly string[]): SluiceError {
  const said = messages.length > 0 ? messages.join('; ').slice(0, 800) : 'no reason given';
  return new SluiceError(
    'SCHEMA_INCOMPATIBLE',
    `Subject ${subject}: expected a schema its rule allows after the newest one, found changes that break readers: ${said}`,
    { context: { subject } },
  );
}

/** The schema with other row fields; the row's definition stands in `before`. */
function withRowFields(envelope: AvroRecord, change: (field: AvroField) => AvroField): AvroRecord {
  const row = rowOfEnvelope(envelope);
  if (!row) return envelope;
  const changed: AvroRecord = { ...row, fields: row.fields.map(change) };
  return {
    ...envelope,
    fields: envelope.fields.map((field) =>
      field.name === 'before' && Array.isArray(field.type)
        ? { ...field, type: field.type.map((part) => (part === row ? changed : part)) }
        : field,
    ),
  };
}

const fieldsOf = (envelope: AvroRecord): ReadonlyMap<string, AvroField> =>
  new Map((rowOfEnvelope(envelope)?.fields ?? []).map((field) => [field.name, field]));

const isNullable = (field: AvroField): boolean => unwrapNullable(field.type).nullable;

const nullable = (field: AvroField): AvroField => ({ name: field.name, type: ['null', field.type], default: null });

/** NOT NULL fields that are nullable in the newest schema, or new without a default, as nullable ones. */
function relaxNotNull(wanted: AvroRecord, latest: AvroRecord): { schema: AvroRecord; fields: string[] } {
  const before = fieldsOf(latest);
  const fields: string[] = [];
  const schema = withRowFields(wanted, (field) => {
    const older = before.get(field.name);
    if (isNullable(field) || (older ? !isNullable(older) : field.default !== undefined)) return field;
    fields.push(field.name);
    return nullable(field);
  });
  return { schema, fields };
}

function withKnownNullability(wanted: AvroRecord, latest: AvroRecord, uncertain: ReadonlySet<string>): AvroRecord {
  const before = fieldsOf(latest);
  return withRowFields(wanted, (field) => {
    const older = before.get(field.name);
    if (!uncertain.has(field.name) || !older || isNullable(older) === isNullable(field)) return field;
    return isNullable(older) ? nullable(field) : { name: field.name, type: unwrapNullable(field.type).schema };
  });
}
