import type { CapturedTable } from '#connectors/capture/types.ts';
import { envelopeSchema, keySchema } from '#schemas/avroBuilder.ts';
import type { TableSchemas } from '#schemas/generate.ts';
import { shapeOf } from './tableEncoder.ts';

/** The schemas a capture would ask the registry to take for these tables: what row types are generated from before anything is captured. */
export function schemasOf(tables: readonly CapturedTable[], topicPrefix: string): readonly TableSchemas[] {
  return tables.map((table) => {
    const shape = shapeOf(table);
    return { table: table.id, key: keySchema(topicPrefix, shape), value: envelopeSchema(topicPrefix, shape) };
  });
}
