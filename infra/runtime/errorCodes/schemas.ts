import { entry } from './entry.ts';

/** Error codes of schemas. */
export const SCHEMAS_ERRORS = {
  // schemas
  SCHEMA_REGISTRY_UNREACHABLE: entry(
    'The schema registry does not answer.',
    'Check registry.url and that the registry runs; Sluice goes on by itself when it is back.',
    true,
  ),
  SCHEMA_REGISTRY_REFUSED: entry('The schema registry refused a request.', 'See the reason in the message.'),
  SCHEMA_INCOMPATIBLE: entry(
    'A new schema breaks the readers of the old one.',
    'Either let readers follow first and relax the rule of the subject for this change (PUT /config/SUBJECT {"compatibility":"NONE"}), or make the change compatible at the source (nullable, or with a default) under a new capture instance. Then let it go on: sluice capture resume-table TABLE --execute.',
  ),
  SCHEMA_UNKNOWN: entry(
    'A record names a schema id that the registry does not have.',
    'Check that registry.url is the registry the record was written with.',
  ),
  SCHEMA_NOT_PUBLISHED: entry(
    'The schema registry has no schemas of a configured table.',
    'A capture registers them when it starts: start it once, check registry.url, kafka.topicPrefix and source.tables, or read the source itself: sluice schemas generate --from source.',
  ),
  SCHEMA_BAD_RECORD: entry(
    'A record is not in the Confluent wire format or does not fit its schema.',
    'See who else writes to the topic.',
  ),
  SCHEMA_UNSUPPORTED: entry(
    'A column or schema has a type that cannot be carried.',
    'Leave the column out of the capture instance.',
  ),
  SCHEMA_VALUE_UNFIT: entry(
    'A value cannot be carried exactly by the schema of its column.',
    'See the column and the limit in the message; a value is never rounded or cut.',
  ),
} as const;
