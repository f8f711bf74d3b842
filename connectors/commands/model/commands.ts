import { acceptOrder } from './acceptOrder.ts';
import { cancelOrder } from './cancelOrder.ts';
import type { Command } from './defineCommand.ts';

/** Every use case. A new one is a file beside this and an entry here. */
export const COMMANDS: readonly Command[] = [acceptOrder, cancelOrder];
