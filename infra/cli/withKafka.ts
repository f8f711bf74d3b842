import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { loadConfig } from '#infra/runtime/config/load.ts';
import { silentLogger } from '#infra/runtime/logger.ts';

/** What a command that talks to Kafka works with. */
export interface KafkaWork {
  readonly kafka: KafkaClient;
  readonly config: Config;
  /** Fires on SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

/** Loads the configuration, opens Kafka, works, and closes everything again. */
export async function withKafka(configFile: string, work: (with_: KafkaWork) => Promise<number>): Promise<number> {
  const config = await loadConfig(configFile);
  const kafka = createKafkaClient(config.kafka, silentLogger);
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    return await work({ kafka, config, signal: abort.signal });
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    await kafka.close();
  }
}
