import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, inject } from 'vitest';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import type { DatabaseOptions } from '#connectors/sqlserver/poolConfig.ts';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createDecoder, type Decoder } from '#schemas/codec.ts';
import { createRegistry } from '#schemas/registry.ts';
import { databaseOptions } from '#test/support/databaseOptions.ts';
import type { CaptureSetup } from './captureProcess.ts';
import { CAPTURE_PASSWORD, CAPTURE_SHOP_SQL, CAPTURE_SHOP_TABLES } from './captureShop.ts';
import { type StandinProcess, startStandin } from './standinProcess.ts';

/** A stand-in with the little shop, and clients to look at both ends of the capture. Ready inside tests. */
export interface CaptureEnvironment {
  readonly standin: StandinProcess;
  /** As sa. */
  readonly shop: Database;
  readonly kafka: KafkaClient;
  readonly decoder: Decoder;
  /** A capture with its own topics, as the login that can only capture. */
  setup(): CaptureSetup;
}

/** Starts the environment before the tests of this file and stops it after them. */
export function useCaptureShop(): CaptureEnvironment {
  const parts: { standin?: StandinProcess; shop?: Database; kafka?: KafkaClient; decoder?: Decoder } = {};
  const source = (user: string, password: string): DatabaseOptions =>
    databaseOptions(parts.standin!, 'SHOP', { user, password });
  beforeAll(async () => {
    const { kafka, registry } = inject('stack');
    parts.standin = await startStandin({ scripts: [CAPTURE_SHOP_SQL], args: ['--capture-interval', '20'] });
    parts.shop = await openDatabase(source('sa', parts.standin.saPassword));
    parts.kafka = createKafkaClient({ brokers: kafka!.brokers, clientId: 'capture-test' }, silentLogger);
    parts.decoder = createDecoder(createRegistry({ url: registry!.url }));
  });
  afterAll(async () => {
    await parts.shop?.close();
    await parts.kafka?.close();
    await parts.standin?.stop();
  });
  return {
    get standin() {
      return parts.standin!;
    },
    get shop() {
      return parts.shop!;
    },
    get kafka() {
      return parts.kafka!;
    },
    get decoder() {
      return parts.decoder!;
    },
    setup: () => ({
      source: source('reader', CAPTURE_PASSWORD),
      tables: CAPTURE_SHOP_TABLES,
      brokers: inject('stack').kafka!.brokers,
      registryUrl: inject('stack').registry!.url,
      topicPrefix: `capture-${randomUUID()}`,
    }),
  };
}
