import { catalogLanes } from '#consumers/catalog/lanes.ts';
import { COMMAND_TABLE, ordersGroup } from '#consumers/orders/ordersConsumer.ts';
import { fanOutGroup } from '#consumers/rows/fanOutConsumer.ts';
import { fanOutTopic } from '#consumers/rows/fanOutTasks.ts';
import { rowsGroup, rowsTables } from '#consumers/rows/rowsConsumer.ts';
import { stockGroup } from '#consumers/stock/stockConsumer.ts';
import { stockEventsTopic } from '#consumers/stock/stockEvents.ts';
import { endpointGroup, eventsTopic, routerGroup } from '#consumers/webhooks/webhookTypes.ts';
import type { GroupTopics } from '#infra/ops/lag.ts';
import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { topicOf as tableTopic } from '#schemas/tableShape.ts';
import { isCaptured } from './captureRules.ts';

/** Topic of a captured table. */
export function topicOf(config: Config, table: string): string {
  const dot = table.indexOf('.');
  const { database } = config.source;
  const parts = { database, schema: table.slice(0, dot), name: table.slice(dot + 1) };
  return tableTopic(config.kafka.topicPrefix, parts, config.publish.topicName);
}

/** Topics of the orders group → table; the command table only where it is captured. */
export function orderTopics(config: Config): ReadonlyMap<string, string> {
  if (config.orders === undefined) return new Map();
  const { table, lines } = config.orders;
  const tables = [
    table,
    ...(lines ? [lines.table] : []),
    ...(isCaptured(config, COMMAND_TABLE) ? [COMMAND_TABLE] : []),
  ];
  return new Map(tables.map((table) => [topicOf(config, table), table]));
}

/** Topics the rows group reads. */
export function rowsTopics(config: Config): string[] {
  return rowsTables(config.catalog.documents).map((table) => topicOf(config, table));
}

/** Every group of the consumers role, in flow order. */
export function consumerGroups(config: Config): GroupTopics[] {
  const { groupPrefix } = config.consumers;
  const { documents } = config.catalog;
  const groups: GroupTopics[] = [];
  if (documents.length > 0) {
    groups.push({ groupId: rowsGroup(groupPrefix), topics: rowsTopics(config) });
    groups.push({ groupId: fanOutGroup(groupPrefix), topics: [fanOutTopic(groupPrefix)], own: true });
  }
  for (const definition of documents)
    for (const { groupId, topic } of catalogLanes(groupPrefix, definition))
      groups.push({ groupId, topics: [topic], own: true });
  if (config.stock) groups.push({ groupId: stockGroup(groupPrefix), topics: [topicOf(config, config.stock.table)] });
  if (config.orders) groups.push({ groupId: ordersGroup(groupPrefix), topics: [...orderTopics(config).keys()] });
  return groups;
}

/** The groups of webhooks: they keep no copies, so nothing is to be done for them when Redis is lost. */
export function webhookGroups(config: Config): GroupTopics[] {
  const { webhooks, orders, stock } = config;
  if (webhooks === undefined) return [];
  const { groupPrefix } = config.consumers;
  const topics = [
    ...(orders ? [topicOf(config, orders.table)] : []),
    ...(stock ? [stockEventsTopic(groupPrefix)] : []),
  ];
  return [
    { groupId: routerGroup(groupPrefix), topics },
    ...webhooks.endpoints.map(({ name }) => ({
      groupId: endpointGroup(groupPrefix, name),
      topics: [eventsTopic(groupPrefix)],
    })),
  ];
}

/** The group with this id, or whose id ends with it (`rows`, `stock`, `catalog.product`). @throws OFFSETS_TARGET_UNKNOWN */
export function groupNamed(config: Config, name: string): GroupTopics {
  const groups = [...consumerGroups(config), ...webhookGroups(config)];
  const found = groups.find(({ groupId }) => groupId === name || groupId === `${config.consumers.groupPrefix}.${name}`);
  if (found) return found;
  throw new SluiceError(
    'OFFSETS_TARGET_UNKNOWN',
    `Expected one of the groups ${groups.map(({ groupId }) => groupId).join(', ')}; found ${name}.`,
  );
}

/** The document type with this name. @throws SEARCH_INDEX_UNFIT for a type the configuration does not have */
export function documentNamed(config: Config, type: string): DocumentDefinition {
  const found = config.catalog.documents.find((definition) => definition.type === type);
  if (found) return found;
  const known = config.catalog.documents.map((definition) => definition.type).join(', ');
  throw new SluiceError(
    'SEARCH_INDEX_UNFIT',
    `Expected a document type of the configuration (${known}), found ${type}.`,
  );
}
