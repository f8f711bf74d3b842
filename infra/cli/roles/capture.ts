import { Capture } from '#connectors/capture/capture.ts';
import { Publisher } from '#connectors/publish/publisher.ts';
import { openDatabase } from '#connectors/sqlserver/connection.ts';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import { backgroundLoop } from '#infra/runtime/background.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { Counter, Gauge, Histogram, LATENCY_BUCKETS_SECONDS, type Registry } from '#infra/runtime/metrics.ts';
import { createRegistry } from '#schemas/registry.ts';
import type { RoleContext, RoleParts } from './role.ts';

/** How the capture reaches its source, from the configuration. */
export function sourceOptions(config: Config) {
  const {
    server,
    port,
    database,
    user,
    password,
    encrypt,
    trustServerCertificate,
    connectTimeoutMs,
    requestTimeoutMs,
  } = config.source;
  return {
    server,
    port,
    database,
    user,
    password: password.read(),
    encrypt,
    trustServerCertificate,
    connectTimeoutMs,
    requestTimeoutMs,
    applicationName: 'sluice capture',
  };
}

/** The capture of one database: change tables and snapshots into Kafka. */
export async function composeCapture(ctx: RoleContext): Promise<RoleParts> {
  const { config } = ctx;
  const log = ctx.log.child({ part: 'capture' });
  const metrics = publishMetrics(ctx.metrics);
  const kafka = createKafkaClient({ brokers: config.kafka.brokers, clientId: config.kafka.clientId }, log);
  const publisher = new Publisher({
    kafka,
    registry: createRegistry({ url: config.registry.url }),
    name: config.capture.name,
    topicPrefix: config.kafka.topicPrefix,
    partitions: config.kafka.partitions,
    replicationFactor: config.kafka.replicationFactor,
    log,
    onPublished: metrics.published,
  });
  const capture = new Capture({
    openSource: () => openDatabase(sourceOptions(config)),
    sink: publisher,
    settings: { ...config.capture, database: config.source.database, tables: config.source.tables },
    log,
  });
  metrics.watch(() => capture.status());
  const component = backgroundLoop('capture', (signal) => capture.run(signal), {
    close: async () => {
      await publisher.close();
      await kafka.close();
    },
  });
  return { components: [component], status: { capture: () => capture.status() } };
}

function publishMetrics(registry: Registry) {
  const registers = [registry];
  const changes = new Counter({ name: 'sluice_capture_changes_total', help: 'Changes written to Kafka.', registers });
  const messages = new Counter({ name: 'sluice_capture_messages_total', help: 'Records written to Kafka.', registers });
  const commits = new Histogram({
    name: 'sluice_capture_commit_seconds',
    help: 'Time to encode, send and commit one batch.',
    buckets: LATENCY_BUCKETS_SECONDS,
    registers,
  });
  return {
    published: (batch: { readonly changes: number; readonly messages: number; readonly ms: number }): void => {
      changes.inc(batch.changes);
      messages.inc(batch.messages);
      commits.observe(batch.ms / 1000);
    },
    watch: (status: () => ReturnType<Capture['status']>): void => {
      new Gauge({
        name: 'sluice_capture_up',
        help: '1 while changes flow (snapshotting or streaming), else 0.',
        registers,
        collect() {
          const { state } = status();
          this.set(state === 'streaming' || state === 'snapshotting' ? 1 : 0);
        },
      });
      new Gauge({
        name: 'sluice_capture_delay_seconds',
        help: 'Commit to written in Kafka, of the newest batch.',
        registers,
        collect() {
          this.set((status().lastDelayMs ?? 0) / 1000);
        },
      });
      new Gauge({
        name: 'sluice_capture_source_queries_per_second',
        help: 'Statements sent to the source per second, over ten seconds.',
        registers,
        collect() {
          this.set(status().queriesPerSecond);
        },
      });
    },
  };
}
