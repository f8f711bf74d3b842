import { Capture } from '#connectors/capture/capture.ts';
import { type SourceStatus, SourceWatch } from '#connectors/capture/healthWatch.ts';
import type { CaptureNotification, CaptureObserver } from '#connectors/capture/notifications.ts';
import type { CaptureStatus } from '#connectors/capture/status.ts';
import { NotificationTopic } from '#connectors/publish/notificationTopic.ts';
import { Publisher } from '#connectors/publish/publisher.ts';
import { SignalTopic } from '#connectors/publish/signalTopic.ts';
import { openDatabase } from '#connectors/sqlserver/connection.ts';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import { type LeaseState, runWithLease } from '#infra/kafka/lease.ts';
import { backgroundLoop } from '#infra/runtime/background.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { createRegistry } from '#schemas/registry.ts';
import { publishRules } from '../captureRules.ts';
import { captureSettings } from '../captureSettings.ts';
import type { CapturePart } from '../captures.ts';
import type { CaptureMetrics, WatchedCapture } from './captureMetrics.ts';
import { sourceOptions } from './sourceOptions.ts';

/** What GET /status tells of a capture. */
export interface CapturePartStatus extends CaptureStatus {
  readonly lease: LeaseState;
  /** Why the lease's group cannot be reached; null when it can. */
  readonly leaseTrouble: string | null;
  readonly source: SourceStatus;
}

export interface RunningPart extends WatchedCapture {
  readonly component: Component;
  status(): CapturePartStatus;
}

/** Connections the session takes beside those of the snapshot readers. */
const SESSION_CONNECTIONS = 3;

/** The topic whose consumer groups decide which process works on which capture. */
function leaseTopic(topicPrefix: string): string {
  return `${topicPrefix}.__sluice.lease`;
}

/**
 * One capture, ready to run. It works while its lease is held; other processes with the same configuration stand by. Losing the lease
 * ends the work, not the process.
 */
export function composePart(config: Config, part: CapturePart, parent: Logger, metrics: CaptureMetrics): RunningPart {
  const log = parent.child({ part: part.name });
  const { topicPrefix, replicationFactor } = config.kafka;
  const kafka = createKafkaClient({ brokers: config.kafka.brokers, clientId: config.kafka.clientId }, log);
  const common = { kafka, name: part.name, topicPrefix, replicationFactor, log };
  const notifications = config.publish.notifications ? new NotificationTopic(common) : null;
  const observer: CaptureObserver = {
    notify: (notification) => {
      logNotification(log, notification);
      metrics.notified(part.name, notification);
      notifications?.notify(notification);
    },
  };
  const publisher = new Publisher({
    ...common,
    registry: createRegistry({ url: config.registry.url }),
    partitions: config.kafka.partitions,
    rules: publishRules(config),
    onPublished: (batch) => metrics.published(part.name, batch),
  });
  const health = new SourceWatch({ ...config.capture.health, observer });
  const source = { ...sourceOptions(config), database: part.database };
  const maxConnections = SESSION_CONNECTIONS + config.capture.snapshot.readers;
  const capture = new Capture({
    openSource: () => openDatabase({ ...source, maxConnections }),
    sink: publisher,
    settings: captureSettings(config, part),
    log,
    observer,
    signals: new SignalTopic(common),
    health,
  });

  let lease: LeaseState = 'standby';
  let leaseTrouble: string | null = null;
  /** Nothing more will happen: everything was read, or a failure ended it. */
  let ended = false;
  const leaseOptions = {
    kafka,
    groupId: part.transactionalId,
    topic: leaseTopic(topicPrefix),
    replicationFactor,
    sessionTimeoutMs: config.capture.leaseSessionMs,
    log,
    onChange: (state: LeaseState): void => {
      lease = state;
      observer.notify({
        type: state,
        reason: state === 'active' ? 'the lease is held' : 'another process may hold the lease',
      });
    },
    onTrouble: (reason: string | null): void => {
      leaseTrouble = reason;
    },
  };
  const work = (signal: AbortSignal): Promise<void> => capture.run(signal).finally(() => publisher.close());
  const run = (signal: AbortSignal): Promise<void> =>
    runWithLease(leaseOptions, work, signal).finally(() => {
      ended = true;
    });
  const component = backgroundLoop(part.name, run, {
    close: async () => {
      await publisher.close();
      await notifications?.close();
      await kafka.close();
    },
  });
  return {
    name: part.name,
    component,
    status: () => {
      const status = capture.status();
      const state = lease === 'standby' && !ended ? 'standby' : status.state;
      return { ...status, state, lease, leaseTrouble, source: health.status() };
    },
  };
}

const WARNINGS: ReadonlySet<CaptureNotification['type']> = new Set([
  'table_stopped',
  'table_held',
  'table_changes_lost',
  'schema_incompatible',
  'signal_refused',
]);

function logNotification(log: Logger, notification: CaptureNotification): void {
  const { type, ...fields } = notification;
  const line = { event: type, ...fields };
  const severity = notification.type === 'source_state' ? notification.severity : null;
  if (severity === 'critical') log.error(line);
  else if (severity === 'warning' || WARNINGS.has(type)) log.warn(line);
  else log.info(line);
}
