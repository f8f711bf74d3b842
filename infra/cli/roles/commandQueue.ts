import { setTimeout as delay } from 'node:timers/promises';
import type { CommandGateway } from '#connectors/commands/gateways/procedure.ts';
import { COMMANDS } from '#connectors/commands/model/commands.ts';
import type { UseCases } from '#connectors/commands/pipeline/types.ts';
import { KafkaQueue } from '#connectors/commands/queue/kafkaQueue.ts';
import { QueueLog } from '#connectors/commands/queue/queueLog.ts';
import { queueTopics } from '#connectors/commands/queue/records.ts';
import { StatusIndex } from '#connectors/commands/queue/statusIndex.ts';
import { QueueWorker } from '#connectors/commands/queue/worker.ts';
import { createKafkaClient } from '#infra/kafka/kafkajsClient.ts';
import { backgroundLoop } from '#infra/runtime/background.ts';
import { systemClock } from '#infra/runtime/clock.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { errorFields } from '#infra/runtime/errors.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Logger } from '#infra/runtime/logger.ts';

const HOUR_MS = 3_600_000;
/** Tries of a queued command that the database is there for but does not finish. */
const MAX_TRIES = 20;
const RESTART_PAUSE_MS = 2000;

/** The queue of commands as this process takes part in it. */
export interface CommandQueueParts {
  readonly queue: KafkaQueue;
  readonly index: StatusIndex;
  /** Runs the accepted commands. */
  worker(useCases: UseCases, gateway: CommandGateway): Component;
}

/** Undefined when the configuration has no `commands.queue`. */
export function composeCommandQueue(config: Config, log: Logger): CommandQueueParts | undefined {
  const settings = config.commands?.queue;
  if (settings === undefined) return undefined;
  const { brokers, clientId, topicPrefix, replicationFactor } = config.kafka;
  const kafka = createKafkaClient({ brokers, clientId: `${clientId}-commands` }, log);
  const index = new StatusIndex(settings.statusBytes);
  const topics = queueTopics(topicPrefix);
  const { partitions, keepDays, timeoutMs } = settings;
  const queueLog = new QueueLog({ kafka, topics, partitions, replicationFactor, keepDays, timeoutMs, index, log });
  return {
    queue: new KafkaQueue(queueLog, index, Date.now),
    index,
    worker(useCases, gateway) {
      const worker = new QueueWorker({
        commands: COMMANDS,
        useCases,
        gateway,
        queue: queueLog,
        concurrency: settings.concurrency,
        maxTries: MAX_TRIES,
        maxAgeMs: settings.maxAgeHours * HOUR_MS,
        log,
        clock: systemClock,
      });
      // A queue that is away must not end the API: commands that are run at once need no queue.
      const loop = async (signal: AbortSignal): Promise<void> => {
        while (!signal.aborted) {
          const group = kafka.consumerGroup({
            groupId: `${topicPrefix}.__sluice.commands`,
            topics: [topics.commands],
            fromBeginning: true,
            concurrency: partitions,
            onBatch: (batch, control) => worker.onBatch(batch, control),
          });
          try {
            await queueLog.partitions();
            await group.start(signal);
            await Promise.race([group.failed, aborted(signal)]);
          } catch (error) {
            if (!signal.aborted) log.warn({ event: 'command_queue_away', ...errorFields(error) });
          }
          await group.stop();
          if (!signal.aborted) await delay(RESTART_PAUSE_MS, undefined, { signal }).catch(() => undefined);
        }
      };
      const close = async (): Promise<void> => {
        await queueLog.close();
        await kafka.close();
      };
      return backgroundLoop('command queue', loop, { close });
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
