import { Capture } from '#connectors/capture/capture.ts';
import type { CaptureStatus } from '#connectors/capture/status.ts';
import { NotificationTopic } from '#connectors/publish/notificationTopic.ts';
import { Publisher } from '#connectors/publish/publisher.ts';
import { openDatabase } from '#connectors/sqlserver/connection.ts';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import { backgroundLoop } from '#infra/runtime/background.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { Counter, Gauge, Histogram, LATENCY_BUCKETS_SECONDS, type Registry } from '#infra/runtime/metrics.ts';
import { createRegistry } from '#schemas/registry.ts';
import { publishRules, sourceRules } from '../captureRules.ts';
import { type CapturePart, captureParts } from '../captures.ts';
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
    applicationIntent,
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
    readOnlyIntent: applicationIntent === 'read-only',
    applicationName: 'sluice capture',
  };
}

/** One capture for each database: change tables and snapshots into Kafka. */
export async function composeCapture(ctx: RoleContext): Promise<RoleParts> {
  const metrics = publishMetrics(ctx.metrics);
  const parts = captureParts(ctx.config).map((part) => composePart(ctx, part, metrics));
  metrics.watch(() => parts.map(({ name, capture }) => [name, capture.status()]));
  const [main] = parts;
  return {
    components: parts.map((part) => part.component),
    status: {
      capture: () => main!.capture.status(),
      ...Object.fromEntries(parts.slice(1).map(({ name, capture }) => [name, () => capture.status()])),
    },
  };
}

function composePart(ctx: RoleContext, part: CapturePart, metrics: ReturnType<typeof publishMetrics>) {
  const { config } = ctx;
  const log = ctx.log.child({ part: part.name });
  const kafka = createKafkaClient({ brokers: config.kafka.brokers, clientId: config.kafka.clientId }, log);
  const publisher = new Publisher({
    kafka,
    registry: createRegistry({ url: config.registry.url }),
    name: part.name,
    topicPrefix: config.kafka.topicPrefix,
    partitions: config.kafka.partitions,
    replicationFactor: config.kafka.replicationFactor,
    rules: publishRules(config),
    log,
    onPublished: (batch) => metrics.published(part.name, batch),
  });
  const notifications = config.publish.notifications
    ? new NotificationTopic({
        kafka,
        topicPrefix: config.kafka.topicPrefix,
        replicationFactor: config.kafka.replicationFactor,
        name: part.name,
        log,
      })
    : undefined;
  const { heartbeatIntervalMs } = config.publish;
  const idleWriteMs = Math.min(config.capture.idleWriteMs, heartbeatIntervalMs || Number.POSITIVE_INFINITY);
  const rules = sourceRules(config);
  const capture = new Capture({
    openSource: () => openDatabase({ ...sourceOptions(config), database: part.database }),
    sink: publisher,
    settings: { ...config.capture, idleWriteMs, database: part.database, tables: part.tables, rules },
    log,
    observer: {
      notify: (notification) => {
        const { type, ...fields } = notification;
        log.info({ event: type, ...fields });
        notifications?.notify(notification);
      },
    },
  });
  const component = backgroundLoop(part.name, (signal) => capture.run(signal), {
    close: async () => {
      await notifications?.close();
      await publisher.close();
      await kafka.close();
    },
  });
  return { name: part.name, capture, component };
}

function publishMetrics(registry: Registry) {
  const registers = [registry];
  const labelNames = ['capture'] as const;
  const counter = (name: string, help: string) => new Counter({ name, help, labelNames, registers });
  const changes = counter('sluice_capture_changes_total', 'Changes written to Kafka.');
  const messages = counter('sluice_capture_messages_total', 'Records written to Kafka.');
  const commits = new Histogram({
    name: 'sluice_capture_commit_seconds',
    help: 'Time to encode, send and commit one batch.',
    buckets: LATENCY_BUCKETS_SECONDS,
    labelNames,
    registers,
  });
  return {
    published: (
      capture: string,
      batch: { readonly changes: number; readonly messages: number; readonly ms: number },
    ): void => {
      changes.inc({ capture }, batch.changes);
      messages.inc({ capture }, batch.messages);
      commits.observe({ capture }, batch.ms / 1000);
    },
    watch: (statuses: () => readonly (readonly [string, CaptureStatus])[]): void => {
      const gauge = (name: string, help: string, read: (status: CaptureStatus) => number): void => {
        new Gauge({
          name,
          help,
          labelNames,
          registers,
          collect() {
            for (const [capture, status] of statuses()) this.set({ capture }, read(status));
          },
        });
      };
      gauge('sluice_capture_up', '1 while changes flow (snapshotting or streaming), else 0.', ({ state }) =>
        state === 'streaming' || state === 'snapshotting' ? 1 : 0,
      );
      gauge(
        'sluice_capture_delay_seconds',
        'Commit to written in Kafka, of the newest batch.',
        ({ lastDelayMs }) => (lastDelayMs ?? 0) / 1000,
      );
      gauge(
        'sluice_capture_source_queries_per_second',
        'Statements sent to the source per second, over ten seconds.',
        ({ queriesPerSecond }) => queriesPerSecond,
      );
    },
  };
}
