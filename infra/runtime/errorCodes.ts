/**
 * Every error code Sluice can show, with one line of cause and one of remedy. A test checks that each code that is thrown is
 * listed here and that docs/errors.md lists the same set. Codes are grouped by the folder that raises them.
 */
export interface ErrorCodeEntry {
  /** What happened, in one sentence. */
  readonly cause: string;
  /** What the reader should do, in one sentence. */
  readonly remedy: string;
  /** Whether trying the same thing again may succeed without anybody acting. */
  readonly retriable: boolean;
}

const entry = (cause: string, remedy: string, retriable = false): ErrorCodeEntry => ({ cause, remedy, retriable });

export const ERROR_CODES = {
  // infra/runtime
  CFG_INVALID: entry('The configuration has faults.', 'Correct every listed path; `sluice check` prints them again.'),
  CFG_NOT_FOUND: entry('The configuration file does not exist.', 'Create sluice.config.ts or name one with --config.'),
  CFG_SECRET_MISSING: entry(
    'A secret names an environment variable or file that is not there.',
    'Set the variable or create the file; secrets never stand in the configuration itself.',
  ),
  INTERNAL: entry('Something happened that should not.', 'Report it with the log lines around it.'),
  ABORTED: entry('The work was stopped on request.', 'Nothing to do: it goes on at the next start.'),

  // infra/kafka
  KAFKA_UNREACHABLE: entry(
    'No Kafka broker answers.',
    'Check kafka.brokers and that the brokers run; Sluice goes on by itself when they are back.',
    true,
  ),
  KAFKA_REQUEST_FAILED: entry('A request to Kafka was refused.', 'See the reason in the message and the broker log.'),
  KAFKA_TOPIC_MISSING: entry('A topic that is needed does not exist.', 'Start the part that creates it, or create it.'),
  KAFKA_TOPIC_MISMATCH: entry(
    'A topic exists with other settings than Sluice needs.',
    'Change the topic or the configuration; Sluice never alters an existing topic.',
  ),
  KAFKA_PRODUCER_BROKEN: entry(
    'A send was not confirmed, so the producer is thrown away and the work since the last confirmation is done again.',
    'Nothing to do unless it repeats: then look at the brokers.',
    true,
  ),
  KAFKA_FENCED: entry(
    'Another instance with the same transactional id has taken over.',
    'Run one capture per source; this one has stopped writing.',
  ),
  KAFKA_MEMBERSHIP_LOST: entry(
    'This consumer is no longer a member of its group; its partitions go to others and come back after a rebalance.',
    'Nothing to do unless it repeats: then the handler is too slow or the process is starved.',
    true,
  ),
  KAFKA_CONSUMER_CRASHED: entry(
    'A consumer stopped for good.',
    'See the cause; restart the process when it is removed.',
  ),
  KAFKA_CLIENT_VERSION: entry(
    'The installed Kafka client is not the version this code was checked against.',
    'Install exactly kafkajs 2.2.4 (npm ci).',
  ),

  // infra/redis
  REDIS_UNREACHABLE: entry(
    'Redis does not answer.',
    'Check redis.url and that the server runs; Sluice goes on by itself when it is back.',
    true,
  ),
  REDIS_FULL: entry(
    'Redis is at its memory limit and refuses writes.',
    'Give it more memory (maxmemory) or remove other data; Sluice waits and loses nothing.',
    true,
  ),
  REDIS_REFUSED: entry(
    'Redis refused a command.',
    'See the reason in the message; check version (6.2 or newer) and rights.',
  ),

  // consumers/runner
  RECORD_POSITION_MISSING: entry(
    'A change record has no readable position, so it cannot be ordered.',
    'Publish with the header sluice.position; then redeliver the record or take a new snapshot of its table.',
  ),
  RECORD_UNREADABLE: entry(
    'A change record cannot be decoded.',
    'Compare its schema id with the registry; redeliver it when the schema is back.',
  ),

  // consumers/rows, consumers/catalog
  PROJECTION_FAILED: entry(
    'A function of the configuration failed for one row or document.',
    'Correct id, filter or project in sluice.config.ts; the next change of the row, or a redelivery, tries again.',
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
  SEARCH_REQUEST_INVALID: entry(
    'A search asks for something the document type does not offer.',
    'Use the facets and sorts listed in the definition.',
  ),

  // consumers/stock, consumers/orders
  STOCK_REQUEST_INVALID: entry('A stock request is malformed.', 'Ask for 1 to 500 SKUs, or for a change id as given.'),

  // infra/demo
  DEMO_PROCESS_FAILED: entry('A process of the demo did not start.', 'Read the end of the log file it names.'),
  DEMO_CHECK_FAILED: entry(
    'The demo saw something other than what it checks for.',
    'Read the report above and the logs it names.',
  ),

  // infra/ops
  VERIFY_SOURCE_UNREADABLE: entry('The source could not be read for verification.', 'Run `sluice check`.', true),

  // infra/stack
  STACK_JAVA_MISSING: entry(
    'No Java development kit was found that the local servers run on.',
    'Install a JDK 21 or newer (17 will do), or set SLUICE_JAVA_HOME to the folder of one.',
  ),
  STACK_MAVEN_MISSING: entry(
    'Maven, which fetches the local servers, was not found.',
    'Install Maven (for example `apt-get install maven` or `brew install maven`) so that `mvn` is on PATH.',
  ),
  STACK_DOWNLOAD_FAILED: entry(
    'A part of the local stack could not be fetched or prepared.',
    'Check the network and the mirrors and proxies in ~/.m2/settings.xml, then start again: what is complete is kept.',
    true,
  ),
  STACK_SERVER_FAILED: entry(
    'A server of the local stack ended or did not get ready.',
    'Read its last log lines; the whole log is kept in the file that the message names.',
  ),
  STACK_DATA_IN_USE: entry(
    'Another running stack uses the same data folder.',
    'Stop it with `sluice stack down`, or choose another folder.',
  ),
  STACK_CHOICE_INVALID: entry(
    'SLUICE_STACK names no provider.',
    'Set it to local, containers, external or auto, or leave it out.',
  ),
  STACK_ADDRESS_MISSING: entry(
    'An external stack was asked for and an address is not in the environment.',
    'Set the named variable, or SLUICE_STACK=local to have the servers started here.',
  ),
  STACK_CONTAINERS_FAILED: entry(
    'The containers of the stack could not be started.',
    'Check that the container engine runs and may fetch images, or set SLUICE_STACK=local.',
  ),

  DEMO_DATA_MISSING: entry(
    'A data file of the demo cannot be read.',
    'Name the folder that holds the AdventureWorks .csv files with --data DIR.',
  ),
  DEMO_DATA_INVALID: entry(
    'A data file of the demo is not as its format demands.',
    'Correct the named line, or take the file again from its source.',
  ),
  // connectors/commands
  CMD_REFUSED: entry(
    'The database refused a command for a reason that belongs to the shop.',
    'See `problem` and the table of refusals in infra/sql/README.md.',
  ),
  CMD_OVERLOADED: entry(
    'More commands are waiting for the database than the configuration allows, or one waited too long.',
    'Try again shortly; raise commands.maxConcurrency only if the database has room.',
    true,
  ),
  CMD_OUTCOME_UNKNOWN: entry(
    'The database gave no answer in time, so the command may or may not have taken effect.',
    'Send it again with the same idempotency key: that resolves it.',
    true,
  ),
  CMD_DATABASE_AWAY: entry('The database cannot be reached.', 'Check that it runs and that its address is right.', true),
  CMD_DATABASE_FAULT: entry(
    'The database answered a command with an error that is not one of its documented refusals.',
    'Run `sluice check`: a procedure is missing, differs from the scripts or lacks a right.',
  ),
  CMD_KEYS_INVALID: entry(
    'The list of API keys has faults.',
    'It is a JSON list of {id, prefix, hash, scopes}; `sluice keys create` prints an entry.',
  ),
  CMD_LOGIN_TOO_POWERFUL: entry(
    'The login of the command API can do more than run its procedures.',
    'Take the listed rights away, or use the login that infra/sql/common/commandsLogin.sql makes.',
  ),
  CMD_LOGIN_TOO_WEAK: entry(
    'The login of the command API may not run its procedures.',
    'Run the scripts of infra/sql in the database; `sluice sql` prints them.',
  ),

  // connectors/commands/http, consumers/storefront
  HTTP_LISTEN_FAILED: entry(
    'A server could not listen on its address.',
    'Choose another port in the configuration (0 takes a free one) or stop what holds it.',
  ),

  // schemas
  SCHEMA_REGISTRY_UNREACHABLE: entry(
    'The schema registry does not answer.',
    'Check registry.url and that the registry runs; Sluice goes on by itself when it is back.',
    true,
  ),
  SCHEMA_REGISTRY_REFUSED: entry('The schema registry refused a request.', 'See the reason in the message.'),
  SCHEMA_INCOMPATIBLE: entry(
    'A new schema breaks the readers of the old one.',
    'Relax the compatibility rule of the subject, or take the table over under a new topic prefix.',
  ),
  SCHEMA_UNKNOWN: entry(
    'A record names a schema id that the registry does not have.',
    'Check that registry.url is the registry the record was written with.',
  ),
  SCHEMA_BAD_RECORD: entry('A record is not in the Confluent wire format or does not fit its schema.', 'See who else writes to the topic.'),
  SCHEMA_UNSUPPORTED: entry('A column or schema has a type that cannot be carried.', 'Leave the column out of the capture instance.'),
  SCHEMA_VALUE_UNFIT: entry(
    'A value cannot be carried exactly by the schema of its column.',
    'See the column and the limit in the message; a value is never rounded or cut.',
  ),

  // connectors/sqlserver
  SQL_UNREACHABLE: entry(
    'The SQL Server does not answer.',
    'Check source.server and source.port, the firewall and that the service runs; Sluice goes on by itself when it is back.',
    true,
  ),
  SQL_LOGIN_FAILED: entry('SQL Server refused the login.', 'Check the user and the password and that the login is enabled.'),
  SQL_DATABASE_UNAVAILABLE: entry(
    'The login works, but the database cannot be opened.',
    'Check the name of the database, that it is online and that the login has a user in it.',
  ),
  SQL_NOT_ENCRYPTED: entry(
    'The server offers no encryption, but the configuration wants it.',
    'Set up TLS on the server, or set source.encrypt to false if the network is trusted; the password was not sent.',
  ),
  SQL_CERTIFICATE_UNTRUSTED: entry(
    'The certificate of the server is not trusted.',
    'Install the signing authority (NODE_EXTRA_CA_CERTS), or set trustServerCertificate for a test.',
  ),
  SQL_PERMISSION_DENIED: entry('The login lacks a right.', 'Grant what `sluice check` names.'),
  SQL_OBJECT_MISSING: entry('An object that a query needs does not exist.', 'Run `sluice check`; the database was changed or set up in part.'),
  SQL_DEADLOCK: entry('The statement was chosen as a deadlock victim; its transaction is gone.', 'Nothing to do: it is tried again.', true),
  SQL_LOCK_TIMEOUT: entry('A lock was not granted in time.', 'Nothing to do unless it repeats: then look for a long transaction.', true),
  SQL_SNAPSHOT_CONFLICT: entry(
    'A transaction under SNAPSHOT isolation met a newer version or a changed table.',
    'Nothing to do: it is tried again.',
    true,
  ),
  SQL_SNAPSHOT_NOT_ALLOWED: entry(
    'SNAPSHOT isolation is off in the database.',
    'ALTER DATABASE ... SET ALLOW_SNAPSHOT_ISOLATION ON, by whoever owns the database.',
  ),
  SQL_TRANSIENT: entry('SQL Server cannot do it at the moment.', 'Nothing to do unless it repeats.', true),
  SQL_TIMEOUT: entry(
    'A query did not end in time; whether it took effect is unknown.',
    'Raise source.requestTimeoutMs or look for what blocks it.',
    true,
  ),
  SQL_CANCELLED: entry('A query was cancelled on request.', 'Nothing to do.'),
  SQL_REQUEST_FAILED: entry('SQL Server refused a statement.', 'See the number and the text of the server.'),

  // connectors/sqlserver, values
  CDC_VALUE_UNFIT: entry(
    'A value of the source cannot be carried exactly.',
    'See the column; leave it out of the capture instance or change its values. Nothing is ever rounded.',
  ),

  // connectors/capture
  CDC_NOT_ENABLED: entry(
    'Change data capture is not enabled on the database.',
    'Run sys.sp_cdc_enable_db in it (sysadmin), then enable each table; `sluice sql` prints the script.',
  ),
  CDC_TABLE_NOT_CAPTURED: entry(
    'A configured table has no capture instance that this login can see.',
    'Run sys.sp_cdc_enable_table for it (db_owner) and grant SELECT on it and on schema cdc to the login.',
  ),
  CDC_TABLE_HAS_NO_KEY: entry(
    'A captured table has no primary key that is among its captured columns.',
    'Give the table a primary key, or include its key columns in the capture instance.',
  ),
  CDC_LSN_NOT_AVAILABLE: entry(
    'CDC has cleaned up changes that were not read yet; they are lost to the stream.',
    'Snapshot the table again. Raise the retention of the clean-up job, or keep the capture running.',
  ),
  CDC_SNAPSHOT_UNAVAILABLE: entry(
    'A snapshot cannot learn the log position of its own transaction.',
    'Grant VIEW SERVER STATE to the capture login and set ALLOW_SNAPSHOT_ISOLATION ON in the database.',
  ),
  CDC_PAIR_BROKEN: entry(
    'A change table holds half of an update.',
    'Somebody deletes rows from change tables by hand, or CDC cleaned up while the page was read: snapshot the table again.',
  ),
  CAPTURE_POSITION_UNREADABLE: entry(
    'The stored position of the capture cannot be understood.',
    'It was written by another version: see CHANGELOG.md, or choose a new capture.name to start again with a snapshot.',
  ),
} as const satisfies Record<string, ErrorCodeEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;
