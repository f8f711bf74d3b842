import type { OrderView } from '#infra/runtime/config/orders.ts';

/** One step of an order's life. */
export interface OrderStep {
  readonly status: string;
  /** ISO 8601 commit time of the change in the source. */
  readonly at: string;
}

/** An order's present state with its history. */
export interface OrderStatus extends OrderView {
  /** ISO 8601 commit time of the change that brought the present status. */
  readonly statusAt: string;
  /** Oldest first; only changes of status, at most the last 50. */
  readonly history: readonly OrderStep[];
}

/** Where a command's own row was seen in the change stream: the order it made is at least this new in every copy that passed it. */
export interface CommandSeen {
  readonly commandId: string;
  readonly commandName: string;
  readonly orderId: string | null;
  /** Position text of the command's row. */
  readonly position: string;
}

export interface OrderReader {
  /** null when the copy does not know the order. */
  read(orderId: string): Promise<OrderStatus | null>;
  /** null while the copy has not seen the command. */
  command(commandId: string): Promise<CommandSeen | null>;
  /**
   * Waits until the copy has seen the command *and* its order (read your writes): true; false when `timeoutMs` passed first.
   */
  waitForCommand(commandId: string, timeoutMs: number, signal?: AbortSignal): Promise<boolean>;
  close(): Promise<void>;
}
