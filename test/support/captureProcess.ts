import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Capture, type CaptureOptions } from '#connectors/capture/capture.ts';
import type { CaptureSettings } from '#connectors/capture/settings.ts';
import { Publisher } from '#connectors/publish/publisher.ts';
import { DEFAULT_PUBLISH_RULES, type PublishRules } from '#connectors/publish/publishRules.ts';
import { openDatabase } from '#connectors/sqlserver/connection.ts';
import type { DatabaseOptions } from '#connectors/sqlserver/poolConfig.ts';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { createLogger, silentLogger } from '#infra/runtime/logger.ts';
import { createRegistry } from '#schemas/registry.ts';
import { captureSettings } from './captureSettings.ts';

/** Everything a capture needs, as JSON. */
export interface CaptureSetup {
  readonly source: DatabaseOptions;
  readonly tables: readonly string[];
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly topicPrefix: string;
  readonly chunkRows?: number;
  readonly pageRows?: number;
  readonly batchRows?: number;
  /** Default 1. */
  readonly replicationFactor?: number;
  readonly settings?: Partial<CaptureSettings>;
  /** Default `capture`. */
  readonly name?: string;
  readonly publish?: Partial<PublishRules>;
}

/** A capture with its own Kafka client. `parts`: what it is to work with besides. */
export function buildCapture(
  setup: CaptureSetup,
  log = silentLogger,
  parts: Partial<Pick<CaptureOptions, 'observer' | 'signals' | 'health'>> = {},
): { readonly capture: Capture; readonly kafka: KafkaClient } {
  const kafka = createKafkaClient({ brokers: setup.brokers, clientId: 'capture-test' }, log);
  const sink = new Publisher({
    kafka,
    registry: createRegistry({ url: setup.registryUrl }),
    name: setup.name ?? 'capture',
    topicPrefix: setup.topicPrefix,
    rules: { ...DEFAULT_PUBLISH_RULES, ...setup.publish },
    partitions: 3,
    replicationFactor: setup.replicationFactor ?? 1,
    log,
  });
  const capture = new Capture({
    openSource: () => openDatabase(setup.source),
    sink,
    log,
    settings: captureSettings({
      database: setup.source.database,
      tables: setup.tables,
      pollIntervalMs: 20,
      maxPollIntervalMs: 100,
      pageRows: setup.pageRows ?? 200,
      maxBatchRows: setup.batchRows ?? 500,
      snapshotChunkRows: setup.chunkRows ?? 100,
      ...setup.settings,
    }),
    ...parts,
  });
  return { capture, kafka };
}

/** Runs a capture in a process of its own, to be killed. */
export function spawnCapture(setup: CaptureSetup): ChildProcess {
  return spawn(process.execPath, [fileURLToPath(import.meta.url)], {
    env: { ...process.env, CAPTURE_TEST_SETUP: JSON.stringify(setup) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

if (process.env['CAPTURE_TEST_SETUP'] && process.argv[1] === fileURLToPath(import.meta.url)) {
  const { capture } = buildCapture(
    JSON.parse(process.env['CAPTURE_TEST_SETUP']) as CaptureSetup,
    createLogger('capture', 'error'),
  );
  await capture.run(new AbortController().signal);
}
