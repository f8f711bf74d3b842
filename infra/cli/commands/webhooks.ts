import { groupLag } from '#consumers/runner/lag.ts';
import { type DeliveryRecord, readLog } from '#consumers/webhooks/deliveryLog.ts';
import { DeliveryMarks } from '#consumers/webhooks/deliveryMarks.ts';
import { HttpSender, isDelivered } from '#consumers/webhooks/httpAttempt.ts';
import { parkedCounts } from '#consumers/webhooks/parked.ts';
import { type EventFilter, WebhookDesk } from '#consumers/webhooks/webhookDesk.ts';
import {
  endpointGroup,
  eventId,
  eventsTopic,
  parkedTopic,
  type WebhookEvent,
} from '#consumers/webhooks/webhookTypes.ts';
import { RedisClient } from '#infra/redis/client.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { operatorName } from '#infra/runtime/config/operatorName.ts';
import type { WebhookEndpoint } from '#infra/runtime/config/webhooks.ts';
import { hasCode, SluiceError } from '#infra/runtime/errors.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { EXIT } from '../exitCodes.ts';
import { formatTable, print, printJson } from '../output.ts';
import { hostOf } from '../roles/webhooks.ts';
import { type KafkaWork, withKafka } from '../withKafka.ts';

export interface WebhookOptions {
  readonly config: string;
  readonly json: boolean;
}
export interface ActingOptions extends WebhookOptions {
  readonly execute: boolean;
}
export interface LogOptions extends WebhookOptions {
  readonly endpoint?: string;
  readonly event?: string;
  readonly failed: boolean;
  readonly since?: number;
  readonly limit: number;
}
export interface ReplayOptions extends ActingOptions {
  readonly event?: readonly string[];
  readonly from?: number;
  readonly to?: number;
}

const DAY_MS = 24 * 3_600_000;
/** Events a dry run prints. */
const SHOWN_EVENTS = 20;

/** Prints every endpoint and how it does. Exit code 4 when one is disabled or failing. */
export async function list(options: WebhookOptions): Promise<number> {
  return withDesk(options.config, async ({ desk, config, kafka, signal }) => {
    const { groupPrefix } = config.consumers;
    await orMissing(desk.states.read(signal), undefined);
    const parked = await orMissing(parkedCounts(kafka, parkedTopic(groupPrefix), signal), new Map());
    const redis = new RedisClient({ ...config.redis, name: 'webhooks-cli', log: silentLogger });
    try {
      const rows = await Promise.all(
        endpointsOf(config).map(async (endpoint) => {
          const { name, events } = endpoint;
          const lag = groupLag(kafka, endpointGroup(groupPrefix, name), [eventsTopic(groupPrefix)]);
          const { failures, failingSinceMs, lastSuccessMs } = await new DeliveryMarks(redis, name, 1).read();
          return {
            name,
            host: hostOf(endpoint),
            events,
            state: desk.states.get(name) ?? null,
            waiting: await orMissing(lag, null),
            parked: parked.get(name)?.count ?? 0,
            oldestParked: parked.get(name)?.oldest.at ?? null,
            failures,
            failingSince: iso(failingSinceMs),
            lastSuccess: iso(lastSuccessMs),
          };
        }),
      );
      if (options.json) printJson(rows);
      else print(formatTable([LIST_HEAD, ...rows.map(listRow)]));
      return rows.every(({ state, failures }) => state?.state !== 'disabled' && failures === 0)
        ? EXIT.ok
        : EXIT.unhealthy;
    } finally {
      await redis.close();
    }
  });
}

const LIST_HEAD = ['endpoint', 'host', 'state', 'waiting', 'parked', 'failures', 'failing since', 'last success'];

function listRow(row: {
  readonly name: string;
  readonly host: string;
  readonly state: { readonly state: string; readonly reason: string } | null;
  readonly waiting: number | null;
  readonly parked: number;
  readonly failures: number;
  readonly failingSince: string | null;
  readonly lastSuccess: string | null;
}): (string | number)[] {
  const { name, host, state, waiting, parked, failures, failingSince, lastSuccess } = row;
  const word = state === null ? 'not begun' : `${state.state} (${state.reason})`;
  return [name, host, word, waiting ?? '-', parked, failures, failingSince ?? '-', lastSuccess ?? '-'];
}

/** Prints attempts, the newest last. */
export async function log(options: LogOptions): Promise<number> {
  return withKafka(options.config, async ({ kafka, config, signal }) => {
    const { endpoint, event, failed, limit } = options;
    const fits = (record: DeliveryRecord): boolean =>
      (endpoint === undefined || record.endpoint === endpoint) &&
      (event === undefined || record.event === event) &&
      (!failed || record.outcome !== 'delivered');
    const sinceMs = options.since ?? Date.now() - DAY_MS;
    const records = await readLog(kafka, config.consumers.groupPrefix, { sinceMs, limit, fits, signal });
    if (options.json) printJson(records);
    else if (records.length === 0) print('nothing');
    else print(formatTable([LOG_HEAD, ...records.map(logRow)]));
    return EXIT.ok;
  });
}

const LOG_HEAD = ['at', 'endpoint', 'outcome', 'type', 'key', 'attempt', 'status', 'ms', 'next', 'event'];

function logRow(record: DeliveryRecord): (string | number)[] {
  const { at, endpoint, outcome, type, key, attempt, status, error, ms, retryAt, event, reason } = record;
  const answer = status ?? error ?? reason ?? '-';
  return [
    at,
    endpoint,
    outcome,
    type ?? '-',
    key ?? '-',
    attempt ?? '-',
    answer,
    ms ?? '-',
    retryAt ?? '-',
    event ?? '-',
  ];
}

/** Has kept events delivered to an endpoint once more. */
export async function replay(name: string, options: ReplayOptions): Promise<number> {
  return withDesk(options.config, async ({ desk, config, signal }) => {
    known(config, name);
    const { event, from, to } = options;
    const filter: EventFilter = {
      ...(event === undefined ? {} : { ids: event }),
      ...(from === undefined ? {} : { fromMs: from }),
      ...(to === undefined ? {} : { toMs: to }),
    };
    if (Object.keys(filter).length === 0)
      throw new SluiceError('WEBHOOK_ENDPOINT_UNKNOWN', 'Expected --event, --from or --to, found none of them.');
    if (options.execute) {
      const sent = await desk.replay(name, filter, signal);
      if (options.json) printJson({ endpoint: name, sent });
      else print(`${sent} sent again to ${name}; follow them with sluice webhooks log --endpoint ${name}`);
      return EXIT.ok;
    }
    const shown: WebhookEvent[] = [];
    let count = 0;
    await desk.events(
      filter,
      async (events) => {
        count += events.length;
        shown.push(...events.slice(0, SHOWN_EVENTS - shown.length));
      },
      signal,
    );
    const rows = shown.map(({ id, type, at, key }) => ({ id, type, at, key }));
    if (options.json) printJson({ endpoint: name, count, events: rows });
    else {
      if (rows.length > 0)
        print(
          formatTable([['event', 'type', 'at', 'key'], ...rows.map(({ id, type, at, key }) => [id, type, at, key])]),
        );
      print(`dry run: would send ${count} again to ${name}; add --execute to do it`);
    }
    return EXIT.ok;
  });
}

/** Lets an endpoint get its events again. */
export async function enable(
  name: string,
  options: ActingOptions & { reason: string; skip: boolean },
): Promise<number> {
  return act(name, options, 'enable', async (desk, config, signal) => {
    await desk.enable(name, { by: operatorName(), reason: options.reason, skip: options.skip }, signal);
    const redis = new RedisClient({ ...config.redis, name: 'webhooks-cli', log: silentLogger });
    try {
      await new DeliveryMarks(redis, name, 1).forget();
    } finally {
      await redis.close();
    }
  });
}

/** Lets an endpoint get nothing until it is enabled. */
export async function disable(name: string, options: ActingOptions & { reason: string }): Promise<number> {
  return act(name, options, 'disable', (desk, _config, signal) =>
    desk.disable(name, { by: operatorName(), reason: options.reason }, signal),
  );
}

/** Sends one signed message that means nothing, now and once. Exit code 4 when the endpoint does not take it. */
export async function test(name: string, options: ActingOptions): Promise<number> {
  return withKafka(options.config, async ({ config }) => {
    const endpoint = known(config, name);
    const at = new Date().toISOString();
    const event: WebhookEvent = {
      id: eventId('webhook.test', name, at),
      type: 'webhook.test',
      at,
      key: 'test',
      data: { endpoint: name },
    };
    if (!options.execute) {
      if (options.json) printJson({ endpoint: name, host: hostOf(endpoint), event });
      else print(`dry run: would send webhook.test to ${hostOf(endpoint)}; add --execute to do it`);
      return EXIT.ok;
    }
    const sender = new HttpSender(endpoint);
    const attempt = await sender.attempt(event, Date.now());
    sender.close();
    if (options.json) printJson({ endpoint: name, event: event.id, ...attempt });
    else
      print(`${isDelivered(attempt) ? 'taken' : 'not taken'}: ${attempt.status ?? attempt.error} in ${attempt.ms} ms`);
    return isDelivered(attempt) ? EXIT.ok : EXIT.unhealthy;
  });
}

async function act(
  name: string,
  options: ActingOptions,
  what: 'enable' | 'disable',
  work: (desk: WebhookDesk, config: Config, signal: AbortSignal) => Promise<void>,
): Promise<number> {
  return withDesk(options.config, async ({ desk, config, signal }) => {
    known(config, name);
    if (options.execute) await work(desk, config, signal);
    if (options.json) printJson({ endpoint: name, [what]: options.execute });
    else print(options.execute ? `${name} ${what}d` : `dry run: would ${what} ${name}; add --execute to do it`);
    return EXIT.ok;
  });
}

async function withDesk(
  configFile: string,
  work: (with_: KafkaWork & { readonly desk: WebhookDesk }) => Promise<number>,
): Promise<number> {
  return withKafka(configFile, async (parts) => {
    const desk = new WebhookDesk(parts.kafka, parts.config.consumers.groupPrefix);
    try {
      return await work({ ...parts, desk });
    } finally {
      await desk.close();
    }
  });
}

function endpointsOf(config: Config): readonly WebhookEndpoint[] {
  return config.webhooks?.endpoints ?? [];
}

/** @throws WEBHOOK_ENDPOINT_UNKNOWN */
function known(config: Config, name: string): WebhookEndpoint {
  const found = endpointsOf(config).find((endpoint) => endpoint.name === name);
  if (found !== undefined) return found;
  const names = endpointsOf(config).map((endpoint) => endpoint.name);
  throw new SluiceError(
    'WEBHOOK_ENDPOINT_UNKNOWN',
    `Expected an endpoint of the configuration (${names.join(', ') || 'it has none'}), found ${name}.`,
  );
}

/** What nobody has begun has no topics yet. */
async function orMissing<T>(work: Promise<T>, fallback: T): Promise<T> {
  return work.catch((error: unknown) => {
    if (hasCode(error, 'KAFKA_TOPIC_MISSING')) return fallback;
    throw error;
  });
}

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
