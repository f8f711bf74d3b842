import Module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { SluiceError } from '#infra/runtime/errors.ts';
import { wrapEosManagerFactory } from './eosManagers.ts';
import { decodeFetchResponse, type FetchResponse } from './fetchResponse.ts';
import { type ProduceParts, produceRequestFactory } from './produceRequest.ts';

/** The one version these replacements were written for and compared with, byte by byte. */
const PATCHED_VERSION = '2.2.4';

/** Marks the library as loaded by this module, which may itself be loaded twice (test runners do). */
const PATCHED = Symbol.for('sluice.kafkajs.patched');
type Patched = typeof import('kafkajs') & { [PATCHED]?: boolean };

/** The library's queue of requests on one connection. */
interface RequestQueue {
  pending: readonly unknown[];
  throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

type Replacement = (original: never) => unknown;

interface Errors {
  readonly createErrorFromCode: (code: number) => Error;
}

/**
 * Loads kafkajs with some of its modules replaced:
 * the record encoder (one pass instead of some ten buffers a record: a seventh of the CPU), the grouping by partition (linear), the check of
 * pending requests (no endless 1 ms timer on idle connections), the reading of fetched records (see fetchResponse.ts) and the factory of
 * transaction managers (see eosManagers.ts).
 * @throws SluiceError KAFKA_CLIENT_VERSION for any other version, or when somebody else loaded the library before
 */
export function loadPatchedKafkajs(): typeof import('kafkajs') {
  const load = createRequire(import.meta.url);
  const root = dirname(load.resolve('kafkajs/package.json'));
  const inside = (path: string): string => load.resolve(join(root, 'src', path));
  const { version } = load('kafkajs/package.json') as { version: string };
  if (version !== PATCHED_VERSION) {
    throw new SluiceError('KAFKA_CLIENT_VERSION', `kafkajs ${PATCHED_VERSION} is needed, found ${version}`);
  }
  const known = load.cache[load.resolve('kafkajs')] as { exports: Patched } | undefined;
  if (known?.exports[PATCHED]) return known.exports;
  if (known) {
    throw new SluiceError('KAFKA_CLIENT_VERSION', 'kafkajs was loaded before it could be patched', {
      hint: 'Import it through infra/kafka only.',
    });
  }
  const replace = (path: string, replacement: Replacement): void => {
    const file = inside(path);
    const exported = replacement(load(file) as never);
    const module = new Module(file);
    module.filename = file;
    module.loaded = true;
    module.exports = exported;
    load.cache[file] = module;
  };
  replace('producer/eosManager/index.js', wrapEosManagerFactory as unknown as Replacement);
  replace('producer/groupMessagesPerPartition.js', () => groupMessagesPerPartition);
  replace('protocol/requests/fetch/v11/response.js', () => fetchReading(load(inside('protocol/error.js')) as Errors));
  replace('protocol/requests/produce/v3/request.js', () => produceRequestFactory(produceParts(load, inside)));
  quietIdleConnections(load(inside('network/requestQueue/index.js')) as { prototype: RequestQueue });
  const kafkajs = load('kafkajs') as Patched;
  kafkajs[PATCHED] = true;
  return kafkajs;
}

function produceParts(load: NodeJS.Require, inside: (path: string) => string): ProduceParts {
  const { lookupCodec, COMPRESSION_CODEC_MASK } = load(inside('protocol/message/compression/index.js')) as {
    lookupCodec: ProduceParts['lookupCodec'];
    COMPRESSION_CODEC_MASK: number;
  };
  return {
    Encoder: load(inside('protocol/encoder.js')) as ProduceParts['Encoder'],
    apiKey: (load(inside('protocol/requests/apiKeys.js')) as { Produce: number }).Produce,
    lookupCodec,
    compressionMask: COMPRESSION_CODEC_MASK,
  };
}

/** Errors of single partitions are for whoever asked; one of the whole answer is thrown as the library does. */
function fetchReading({ createErrorFromCode }: Errors): object {
  return {
    decode: decodeFetchResponse,
    parse: async (answer: FetchResponse) => {
      if (answer.errorCode !== 0) throw createErrorFromCode(answer.errorCode);
      return answer;
    },
  };
}

/** Nothing waits and nothing is throttled: whoever adds a request asks again. */
function quietIdleConnections({ prototype }: { readonly prototype: RequestQueue }): void {
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function scheduleWhenNeeded(this: RequestQueue): void {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
}

interface Grouped {
  readonly topic: string;
  readonly partitionMetadata: readonly unknown[];
  readonly messages: readonly unknown[];
  readonly partitioner: (args: { topic: string; partitionMetadata: readonly unknown[]; message: unknown }) => number;
}

function groupMessagesPerPartition({
  topic,
  partitionMetadata,
  messages,
  partitioner,
}: Grouped): Record<number, unknown[]> {
  const groups: Record<number, unknown[]> = {};
  if (partitionMetadata.length === 0) return groups;
  for (const message of messages) {
    const partition = partitioner({ topic, partitionMetadata, message });
    const group = groups[partition];
    if (group) group.push(message);
    else groups[partition] = [message];
  }
  return groups;
}
