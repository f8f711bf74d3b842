import type { Logger } from '#infra/runtime/logger.ts';

/** What the page shows of the shop; all of it is public. */
export interface ShopFacts {
  readonly title: string;
  readonly tagline: string;
  /** ISO 4217. */
  readonly currency: string;
  /** BCP 47. */
  readonly locale: string;
  /** Location id → name. */
  readonly locations: Readonly<Record<string, string>>;
  /** Locations the web sells from; null: all. */
  readonly deliveryLocations: readonly string[] | null;
}

export interface ShopServerOptions {
  readonly host?: string;
  /** 0 (default) takes a free one. */
  readonly port?: number;
  /** Base address of the storefront read API. */
  readonly storefrontUrl: string;
  /** Base address of the command API. */
  readonly commandsUrl: string;
  /** API key with scopes orders:write, orders:cancel, orders:change and stock:read. It never leaves this process but for the command API. */
  readonly commandsKey: string;
  /** The demo's one account; a real shop would take it from the shopper's session. */
  readonly customerId: string;
  /** Signs the messages that come to /hooks; left out, none are taken. */
  readonly webhookSecret?: string;
  readonly shop: ShopFacts;
  readonly log: Logger;
  /** Milliseconds to wait for the first byte of an answer from either API. Default 10000. */
  readonly upstreamTimeoutMs?: number;
  /** Requests being forwarded at once, streams not counted. Default 200. */
  readonly maxForwards?: number;
  /** Stock streams open at once. Default 200. */
  readonly maxStreams?: number;
}
