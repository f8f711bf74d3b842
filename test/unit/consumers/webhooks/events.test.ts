import { describe, expect, it } from 'vitest';
import { type OrderChange, orderChange, stepOf } from '#consumers/orders/orderChange.ts';
import type { Change } from '#consumers/runner/changes.ts';
import { orderEvents } from '#consumers/webhooks/orderEvents.ts';
import { stockEvents } from '#consumers/webhooks/stockEvents.ts';
import { payloadOf, wants } from '#consumers/webhooks/webhookTypes.ts';
import type { OrdersDefinition } from '#infra/runtime/config/orders.ts';

const POSITION = `${'a'.repeat(48)}4`;
const definition: OrdersDefinition = {
  table: 'dbo.ORD',
  id: (row) => String(row['NO']),
  project: (row) => {
    if (row['WEB'] === undefined) throw new Error('a key is not a row');
    return row['WEB'] === true
      ? { orderId: String(row['NO']), customerId: String(row['CUST']), status: String(row['STATUS']) }
      : null;
  },
};
const row = (STATUS: string, WEB = true) => ({ NO: 1, CUST: 7, STATUS, WEB });

function changeOf(op: Change['op'], before: object | null, after: object | null): OrderChange | null {
  const parts = { before: before as Change['before'], after: after as Change['after'] };
  return orderChange(definition, {
    table: 'dbo.ORD',
    key: { NO: 1 },
    position: POSITION,
    op,
    sourceTsMs: 1000,
    ...parts,
  });
}
const told = (op: Change['op'], before: object | null, after: object | null): string[] => {
  const change = changeOf(op, before, after);
  return change === null ? [] : orderEvents(change, ['cancelled']).map(({ type }) => type);
};

describe('what a change of an order tells', () => {
  it('is told from the change alone', () => {
    expect(told('c', null, row('new'))).toEqual(['order.created']);
    expect(told('u', row('new'), row('picking'))).toEqual(['order.status_changed']);
    expect(told('u', row('new'), row('new'))).toEqual([]);
    expect(told('u', row('new'), row('cancelled'))).toEqual(['order.status_changed', 'order.cancelled']);
    expect(told('u', row('new', false), row('new'))).toEqual(['order.created']);
    expect(told('u', row('new'), row('new', false))).toEqual(['order.deleted']);
    expect(told('d', row('new'), null)).toEqual(['order.deleted']);
    expect(told('d', row('new', false), null)).toEqual([]);
  });

  it('is nothing for a snapshot, and for a tombstone whose delete is gone', () => {
    expect(told('r', null, row('new'))).toEqual([]);
    expect(told('u', null, row('new'))).toEqual([]);
    expect(told('d', null, null)).toEqual([]);
    expect(changeOf('d', null, null)).toMatchObject({ orderId: '1', view: null });
    expect(stepOf(changeOf('r', null, row('new'))!)).toBe('seen');
  });

  it('has the same id whenever it is told, another for each event, and keeps the customer apart', () => {
    const cancel = () => orderEvents(changeOf('u', row('new'), row('cancelled'))!, ['cancelled']);
    expect(cancel()).toEqual(cancel());
    const [changed, cancelled] = cancel();
    expect(changed!.id).not.toBe(cancelled!.id);
    expect(payloadOf(changed!, false)).not.toContain('customer');
    expect(JSON.parse(payloadOf(changed!, true))).toEqual({
      type: 'order.status_changed',
      timestamp: '1970-01-01T00:00:01.000Z',
      data: { orderId: '1', status: 'cancelled', from: 'new', to: 'cancelled', position: POSITION, customerId: '7' },
    });
  });
});

describe('what a record of stock tells', () => {
  const record = {
    type: 'stock.low',
    sku: 'A1',
    available: 2,
    threshold: 3,
    position: POSITION,
    at: '2026-01-31T12:00:00Z',
  };
  it('is one event for the article', () => {
    const [event] = stockEvents(Buffer.from(JSON.stringify({ ...record, id: 'theirs' })));
    expect(event).toMatchObject({
      type: 'stock.low',
      key: 'stock/A1',
      data: { sku: 'A1', available: 2, threshold: 3 },
    });
    expect(event!.data).not.toHaveProperty('id');
    expect(stockEvents(null)).toEqual([]);
  });
  it('is nothing when it has another form', () => {
    expect(() => stockEvents(Buffer.from('{}'))).toThrow(expect.objectContaining({ code: 'RECORD_UNREADABLE' }));
    expect(() => stockEvents(Buffer.from('nonsense'))).toThrow(expect.objectContaining({ code: 'RECORD_UNREADABLE' }));
  });
});

describe('what an endpoint wants', () => {
  it('is named by type, family or star', () => {
    expect(wants({ events: ['order.*'] }, 'order.deleted')).toBe(true);
    expect(wants({ events: ['order.*'] }, 'stock.low')).toBe(false);
    expect(wants({ events: ['stock.low'] }, 'stock.low')).toBe(true);
    expect(wants({ events: ['*'] }, 'stock.back_in_stock')).toBe(true);
  });
});
