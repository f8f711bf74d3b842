import type { CaptureStatus } from '#connectors/capture/status.ts';
import { consumerGroups } from '#infra/cli/consumerGroups.ts';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import { LagReader } from '#infra/ops/lag.ts';
import { describeDifference } from '#infra/ops/verify/report.ts';
import { verifyCopies } from '#infra/ops/verify/verifyCopies.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { loadConfig } from '#infra/runtime/config/load.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import type { DemoEnvironment } from './runEnvironment.ts';
import type { DemoShop } from './shops.ts';

export interface VerifyResult {
  readonly documents: number;
  readonly stockLevels: number;
  readonly orders: number;
  readonly differences: readonly string[];
}

/** Compares the demo's copies with its database, under the same configuration and login the capture has. */
export async function verifyDemo(
  environment: DemoEnvironment,
  shop: DemoShop,
  signal: AbortSignal,
): Promise<VerifyResult> {
  const config = await demoConfig(environment, shop);
  const kafka = createKafkaClient(config.kafka, silentLogger);
  try {
    const report = await verifyCopies({ config, kafka, log: silentLogger, signal, rowsPerSecond: null });
    const compared = (what: string): number => report.compared[what] ?? 0;
    return {
      documents: config.catalog.documents.reduce((sum, definition) => sum + compared(definition.type), 0),
      stockLevels: compared('stock'),
      orders: compared('order'),
      differences: [
        ...report.differences.map(describeDifference),
        ...report.undecided.map(({ what, id, why }) => `${what} ${id}: undecided (${why})`),
      ],
    };
  } finally {
    await kafka.close();
  }
}

/** The configuration of the demo's role processes; its secrets are read from this process' environment. */
export async function demoConfig(environment: DemoEnvironment, shop: DemoShop): Promise<Config> {
  Object.assign(process.env, environment.env);
  return loadConfig(shop.configPath);
}

/** What this needs of the capture's status. */
type CaptureFacts = Pick<CaptureStatus, 'state' | 'tables'>;

/** Tells whether everything captured so far has reached the copies. */
export class SyncWatch {
  readonly #environment: DemoEnvironment;
  readonly #kafka: ReturnType<typeof createKafkaClient>;
  readonly #lag: LagReader;

  constructor(environment: DemoEnvironment, config: Config) {
    this.#environment = environment;
    this.#kafka = createKafkaClient(config.kafka, silentLogger);
    this.#lag = new LagReader(this.#kafka, consumerGroups(config));
  }

  /** True when the snapshot is complete and no consumer group has anything left to read, seen twice in a row. */
  async inSync(): Promise<boolean> {
    return (await this.#once()) && (await this.#once());
  }

  async close(): Promise<void> {
    await this.#kafka.close();
  }

  async #once(): Promise<boolean> {
    const { capture } = (await this.#environment.status('capture')) as { capture?: CaptureFacts };
    if (capture?.state !== 'streaming' || Object.values(capture.tables).some((table) => table.state !== 'streaming'))
      return false;
    const rows = await this.#lag.read();
    return rows.length > 0 && rows.every((row) => row.lag === 0n);
  }
}
