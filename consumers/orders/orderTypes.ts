import type { OrderLine, OrderView } from '#infra/runtime/config/orders.ts';

/** One step of an order's life. */
export interface OrderStep {
  readonly status: string;
  /** ISO 8601 commit time of the change in the source. */
  readonly at: string;
}

/** An order's present state with its history. */
export interface OrderStatus extends OrderView {
  /** Position text of the newest change of the order itself (not of its lines). */
  readonly position: string;
  /** ISO 8601 commit time of the change that brought the present status. */
  readonly statusAt: string;
  /** Oldest first; only changes of status, at most the last 50. */
  readonly history: readonly OrderStep[];
  /** In the order of their line ids; left out where the configuration has no lines. */
  readonly lines?: readonly Omit<OrderLine, 'orderId'>[];
}

/** Where a command's own row was seen in the change stream: the order it made is at least this new in every copy that passed it. */
export interface CommandSeen {
  readonly commandId: string;
  readonly commandName: string;
  /** The order it made or changed; null when it was refused or is about none. */
  readonly orderId: string | null;
  /** Position text of the command's row. */
  readonly position: string;
  /** ISO 8601 commit time; null when it came from a snapshot of an older store. */
  readonly committedAt: string | null;
  /** The word of the refusal (`order-not-cancellable`); null when the command took effect. */
  readonly refusal: string | null;
}

/** What became of waiting for a command. */
export type CommandOutcome = 'visible' | 'refused' | 'unknown';

/** One page of a customer's orders, newest first. */
export interface OrderPage {
  readonly orders: readonly OrderStatus[];
  /** What to ask the next page with; null at the end. */
  readonly nextCursor: string | null;
}

export interface OrderReader {
  /** Whether orders are shown with lines. */
  readonly hasLines: boolean;
  /** null when the copy does not know the order. */
  read(orderId: string): Promise<OrderStatus | null>;
  /**
   * A customer's orders, newest first, without those that were moved to another customer or deleted. A page may be shorter than `limit` and
   * still have a next one. @throws ORDER_REQUEST_INVALID for a cursor that is none
   */
  ofCustomer(customerId: string, page: { readonly limit: number; readonly cursor?: string }): Promise<OrderPage>;
  /** null while the copy has not seen the command. */
  command(commandId: string): Promise<CommandSeen | null>;
  /**
   * Waits until the copy has seen the command *and* its order (read your writes). `refused` at once when the command is known to have been
   * refused; `unknown` when `timeoutMs` passed first.
   */
  waitForCommand(commandId: string, timeoutMs: number, signal?: AbortSignal): Promise<CommandOutcome>;
  close(): Promise<void>;
}
