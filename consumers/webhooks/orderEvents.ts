import type { OrderChange } from '#consumers/orders/orderChange.ts';
import type { OrderView } from '#infra/runtime/config/orders.ts';
import type { WebhookEventType } from '#infra/runtime/config/webhooks.ts';
import { eventId, type WebhookEvent } from './webhookTypes.ts';

/**
 * What a change of an order is worth telling. Decided from the change alone, so a replay gives the same events with the same ids. A snapshot
 * row tells nothing: it shows a state, not a change.
 */
export function orderEvents(change: OrderChange, cancelledStatuses: readonly string[]): WebhookEvent[] {
  const { view, before, position, atMs, orderId } = change;
  if (before === undefined || atMs === null) return [];
  const key = `order/${orderId}`;
  const event = (type: WebhookEventType, shown: OrderView, more: object = {}): WebhookEvent => {
    const { customerId, ...order } = shown;
    return {
      id: eventId(type, key, position),
      type,
      at: new Date(atMs).toISOString(),
      key,
      customerId,
      data: { ...order, ...more, position },
    };
  };
  if (view === null) return before === null ? [] : [event('order.deleted', before)];
  if (before === null) return [event('order.created', view)];
  if (before.status === view.status) return [];
  const step = { from: before.status, to: view.status };
  const isCancelled = cancelledStatuses.includes(view.status) && !cancelledStatuses.includes(before.status);
  return [
    event('order.status_changed', view, step),
    ...(isCancelled ? [event('order.cancelled', view, { from: before.status })] : []),
  ];
}
