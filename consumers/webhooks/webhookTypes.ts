import { createHash } from 'node:crypto';
import type { WebhookEndpoint, WebhookEventType } from '#infra/runtime/config/webhooks.ts';

/** Something that happened, as it is kept for all endpoints. */
export interface WebhookEvent {
  /** The same for the same change, whoever makes it and however often. */
  readonly id: string;
  readonly type: WebhookEventType | 'webhook.test';
  /** ISO 8601 commit time of the change in the source. */
  readonly at: string;
  /** What it happened to: `order/100001`, `stock/A1`. Events of one key are delivered in order. */
  readonly key: string;
  /** Whose order it is; only endpoints that ask for it are told. */
  readonly customerId?: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** An event as one endpoint has to get it. */
export interface Delivery {
  readonly event: WebhookEvent;
  /** Offset in the topic of events: the order within a key. */
  readonly seq: bigint;
  /** Set for one that was sent again on request. */
  readonly replay: string | null;
}

/** Header of an event that was sent again: an id of the request. */
export const REPLAY_HEADER = 'sluice.webhook.replay';
/** Header with the only endpoint that shall get it. */
export const ONLY_HEADER = 'sluice.webhook.only';

/** Every event of the last days, made from the changes; key = what it happened to. */
export const eventsTopic = (groupPrefix: string): string => `${groupPrefix}.webhook-events`;
/** Messages that wait for their repetition; compacted. */
export const parkedTopic = (groupPrefix: string): string => `${groupPrefix}.webhook-parked`;
/** Which endpoints are on; compacted. */
export const stateTopic = (groupPrefix: string): string => `${groupPrefix}.webhook-state`;
/** Every attempt of the last days. */
export const logTopic = (groupPrefix: string): string => `${groupPrefix}.webhook-log`;

/** The group that turns changes into events. */
export const routerGroup = (groupPrefix: string): string => `${groupPrefix}.webhooks`;
/** The group that delivers to one endpoint. */
export const endpointGroup = (groupPrefix: string, name: string): string => `${groupPrefix}.webhooks.${name}`;

/** Id of what a change at a position meant for a key. Positions are unique in the source, so nothing else has it. */
export function eventId(type: string, key: string, position: string): string {
  return `evt_${createHash('sha256').update(`${type}\n${key}\n${position}`).digest('hex').slice(0, 32)}`;
}

/** The bytes that are signed and sent: the same at every attempt. Source of the form: Standard Webhooks, "Payload structure". */
export function payloadOf({ type, at, data, customerId }: WebhookEvent, includeCustomer: boolean): string {
  const more = includeCustomer && customerId !== undefined ? { customerId } : {};
  return JSON.stringify({ type, timestamp: at, data: { ...data, ...more } });
}

/** Whether the endpoint asked for events of this type. */
export function wants({ events }: Pick<WebhookEndpoint, 'events'>, type: WebhookEvent['type']): boolean {
  const family = `${type.split('.')[0]}.*`;
  return events.some((filter) => filter === '*' || filter === type || filter === family);
}
