import { SluiceError } from '#infra/runtime/errors.ts';

/** The parts of the library's errors we decide on. `type` is the protocol's error name. */
interface KafkajsErrorShape extends Error {
  readonly type?: string;
  readonly retriable?: boolean;
}

const FENCED = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'TRANSACTION_COORDINATOR_FENCED']);
const UNREACHABLE = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSBrokerNotFound',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSRequestTimeoutError',
]);
const MISSING = new Set(['UNKNOWN_TOPIC_OR_PARTITION']);

/** The library's error at the bottom of the chain: retries wrap the one that matters. */
function rootOf(error: unknown): KafkajsErrorShape | undefined {
  let root: KafkajsErrorShape | undefined;
  for (let e = error; e instanceof Error; e = e.cause) root = e;
  return root;
}

/** Protocol error name (`type`) of the root cause, or the class name. */
export function kafkaErrorName(error: unknown): string {
  const root = rootOf(error);
  return root ? (root.type ?? root.name) : String(error);
}

/** Turns an error of the library into ours, once. `what` says which request was made, e.g. `create topics on 127.0.0.1:9092`. */
export function toKafkaError(error: unknown, what: string): SluiceError {
  if (error instanceof SluiceError) return error;
  const root = rootOf(error);
  const name = kafkaErrorName(error);
  const reason = root ? `${name}: ${root.message}` : String(error);
  if (FENCED.has(name)) {
    return new SluiceError('KAFKA_FENCED', `Kafka refused ${what}: a newer instance has taken over (${name})`, {
      cause: error,
    });
  }
  if (root && UNREACHABLE.has(root.name)) {
    return new SluiceError('KAFKA_UNREACHABLE', `No answer from Kafka for ${what}: ${root.message}`, { cause: error });
  }
  if (MISSING.has(name)) {
    return new SluiceError('KAFKA_TOPIC_MISSING', `Kafka refused ${what}: ${reason}`, { cause: error });
  }
  return new SluiceError('KAFKA_REQUEST_FAILED', `Kafka refused ${what}: ${reason}`, {
    cause: error,
    retriable: root?.retriable === true,
  });
}

/** Runs a request and translates what it throws. */
export async function asKafkaError<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toKafkaError(error, what);
  }
}
