import { entry } from './entry.ts';

/** Error codes of consumers. */
export const CONSUMERS_ERRORS = {
  // consumers/runner
  RECORD_POSITION_MISSING: entry(
    'A change record has no readable position, so it cannot be ordered.',
    'Publish with the header sluice.position; then redeliver the record or take a new snapshot of its table.',
  ),
  RECORD_UNREADABLE: entry(
    'A change record cannot be decoded.',
    'Compare its schema id with the registry; redeliver it when the schema is back.',
  ),

  DEAD_LETTER_UNKNOWN: entry(
    'A command names no dead letter, or not exactly one.',
    'List them with `sluice dlq list`; give more digits of the id, a filter, or --all.',
  ),

  START_POINT_INVALID: entry(
    'A place in a topic is not written in a known form.',
    'Give beginning, end, offset:<n>, lsn:<hex> or an ISO 8601 moment such as 2026-01-31T12:00:00Z.',
  ),
  REPLAY_KEY_INVALID: entry(
    'The key of a replay is not a JSON object of key columns.',
    'Write it as it stands in the topic, for example {"PROD_CODE":"A100"}.',
  ),
  OFFSETS_TARGET_UNKNOWN: entry(
    'A command names a group, topic or partition that is not there.',
    'List groups and topics with `sluice lag`.',
  ),
  OFFSETS_GROUP_ACTIVE: entry(
    'Offsets of a group with running members cannot be moved.',
    'Stop its consumers first, or use `sluice replay`, which works while they run.',
  ),

  COPY_WAITS_FULL: entry(
    'As many requests as may wait for a copy are waiting already.',
    'Ask again shortly; raise storefront.maxWaiting when shoppers meet this often.',
    true,
  ),
  COPY_PLAN_CHANGED: entry(
    'A process with a newer configuration needs rows to be found in more ways than the one that wrote them knew.',
    'Nothing to do: the records are handled again at once, by the newer plan.',
    true,
  ),
  COPY_NOT_MOVED_BACK: entry(
    'Redis lost what was written, but the partition could not be moved back just then.',
    'Nothing to do unless it repeats: its owner tries again, and every later owner does too.',
    true,
  ),
  SEARCH_INDEX_GONE: entry(
    'The search index is not there, or went away while it was used.',
    'Nothing to do: the consumers make it again, fill it from the row store and then send searches to it.',
    true,
  ),
  COPY_LOST: entry(
    'Redis lost what a group had written to it.',
    'Nothing to do: the group reads again from what Redis still has. Look into why Redis lost data (persistence, eviction, failover).',
    true,
  ),
  COPY_REBUILDING: entry(
    'Redis lost rows and they are being read again from Kafka; documents are not built from half of them.',
    'Wait: progress shows as lag of the rows group. Documents that exist stay as they are meanwhile.',
    true,
  ),

  // consumers/rows, consumers/catalog
  PROJECTION_FAILED: entry(
    'A function of the configuration failed for one row or document.',
    'Correct id, filter or project in sluice.config.ts; the next change of the row, or a redelivery, tries again.',
  ),
  JOIN_TOO_WIDE: entry(
    'A join gives one document more rows than fit into it.',
    'Narrow the join, or correct the rows that carry the value; the next change of the document, or a redelivery, tries again.',
  ),
  FAN_OUT_JOIN_UNKNOWN: entry(
    'A task of the fan-out names a document type or a join that the configuration does not have.',
    'Redeliver it when every process runs the same configuration, or discard it when the join was removed.',
  ),
  CATALOG_ID_UNSTABLE: entry(
    'The id of a document reads a column that is not part of its root key.',
    'Make id() depend on key columns only: nothing else is left of a deleted row.',
  ),
  ELASTICSEARCH_UNREACHABLE: entry(
    'Elasticsearch does not answer or is overloaded.',
    'Check elasticsearch.url and its health; Sluice goes on by itself when it is back.',
    true,
  ),
  ELASTICSEARCH_REFUSED: entry('Elasticsearch refused a request.', 'See the reason in the message.'),
  DOCUMENT_REFUSED: entry(
    'Elasticsearch refused one document.',
    'Compare the document with the mapping of its type; correct project or mapping and raise the version.',
  ),
  SEARCH_INDEX_UNFIT: entry(
    'A search index cannot be swapped to, rolled back to or dropped.',
    'See `sluice index plan`; build an index before swapping to it, and drop only those that searches do not use.',
  ),
  SEARCH_REQUEST_INVALID: entry(
    'A search asks for something the document type does not offer.',
    'Use the facets and sorts listed in the definition.',
  ),

  // infra/ops/verify
  VERIFY_REPAIR_FAILED: entry(
    'What a comparison found could not be mended.',
    'See the reason in the message; a capture must be running (`sluice capture status`). Repairing again is safe.',
  ),
  VERIFY_TARGET_UNKNOWN: entry(
    'A comparison names a table, a document type or a key that is not there.',
    'Name tables as schema.table and document types as in the configuration; give keys with exactly one of them.',
  ),

  // consumers/stock, consumers/orders
  ORDER_REQUEST_INVALID: entry(
    'A request for orders is malformed.',
    'Give the cursor of a page as it stands there, or leave it out to begin with the newest.',
  ),
  WEBHOOK_SECRET_INVALID: entry(
    'A signing secret of a webhook endpoint has not the form it must have.',
    'Make one with `openssl rand -base64 32` and give it to the receiver too; whsec_ before it is allowed.',
  ),
  WEBHOOK_ENDPOINT_UNKNOWN: entry(
    'A command names an endpoint that the configuration does not have, or nothing to act on.',
    'See `sluice webhooks list`.',
  ),
  STOCK_LIVE_UNAVAILABLE: entry(
    'An article that must be asked live was not answered by the command API.',
    'See the reason: is it up, is stock.live.url right, has the key the scope stock:read? Meanwhile answers follow stock.live.whenUnavailable.',
    true,
  ),
  STOCK_REQUEST_INVALID: entry('A stock request is malformed.', 'Ask for 1 to 500 SKUs, or for a change id as given.'),
} as const;
