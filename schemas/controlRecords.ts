import type { AvroField, AvroRecord } from './avroSchema.ts';

/** Schemas of the records beside the rows, as Debezium's connectors write them. */

const NAMESPACE = 'io.debezium.connector.common';

function record(name: string, fields: readonly AvroField[]): AvroRecord {
  return {
    type: 'record',
    name,
    namespace: NAMESPACE,
    fields,
    'connect.version': 1,
    'connect.name': `${NAMESPACE}.${name}`,
  };
}

/** Topic of the heartbeats of all captures with this prefix. */
export function heartbeatTopic(prefix: string): string {
  return `__debezium-heartbeat.${prefix}`;
}

export const HEARTBEAT_KEY = record('ServerNameKey', [{ name: 'serverName', type: 'string' }]);
export const HEARTBEAT_VALUE = record('Heartbeat', [{ name: 'ts_ms', type: 'long' }]);

/** Topic of the begins and ends of transactions. */
export function transactionTopic(prefix: string): string {
  return `${prefix}.transaction`;
}

export const TRANSACTION_KEY = record('TransactionMetadataKey', [{ name: 'id', type: 'string' }]);
export const TRANSACTION_VALUE = record('TransactionMetadataValue', [
  { name: 'status', type: 'string' },
  { name: 'id', type: 'string' },
  { name: 'event_count', type: ['null', 'long'], default: null },
  {
    name: 'data_collections',
    type: [
      'null',
      {
        type: 'array',
        items: [
          'null',
          {
            type: 'record',
            name: 'collection',
            namespace: 'event',
            fields: [
              { name: 'data_collection', type: 'string' },
              { name: 'event_count', type: 'long' },
            ],
            'connect.version': 1,
            'connect.name': 'event.collection',
          },
        ],
      },
    ],
    default: null,
  },
  { name: 'ts_ms', type: 'long' },
]);

/** Begin or end of a transaction. `id` is its commit LSN. */
export interface TransactionRecord {
  readonly status: 'BEGIN' | 'END';
  readonly id: string;
  /** Changes of the transaction that were written; null at its begin. */
  readonly event_count: bigint | null;
  /** By table, `database.schema.table`. */
  readonly data_collections: readonly { readonly data_collection: string; readonly event_count: bigint }[] | null;
  /** Commit time, ms since 1970 UTC. */
  readonly ts_ms: bigint;
}
