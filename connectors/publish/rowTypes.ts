import type { CapturedTable } from '#connectors/capture/types.ts';
import { envelopeSchema, keySchema } from '#schemas/avroBuilder.ts';
import { generateTypes } from '#schemas/generate.ts';
import { shapeOf } from './tableEncoder.ts';

/**
 * TypeScript types of the rows of captured tables: what their records decode to. The text of a file in schemas/generated.
 * `group` names the two maps: `Epos` gives EposTables and EposKeys.
 */
export function rowTypesOf(tables: readonly CapturedTable[], topicPrefix: string, group: string): string {
  return generateTypes(
    group,
    tables.map((table) => {
      const shape = shapeOf(table);
      return { table: table.id, key: keySchema(topicPrefix, shape), value: envelopeSchema(topicPrefix, shape) };
    }),
  );
}
