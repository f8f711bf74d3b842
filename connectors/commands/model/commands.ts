import { acceptOrder } from './acceptOrder.ts';
import { cancelOrder } from './cancelOrder.ts';
import { changeDeliveryAddress } from './changeDeliveryAddress.ts';
import type { Command } from './defineCommand.ts';
import { getLiveStock } from './getLiveStock.ts';
import { getOrder } from './getOrder.ts';
import { registerCustomer } from './registerCustomer.ts';
import { releaseStock } from './releaseStock.ts';
import { reserveStock } from './reserveStock.ts';

/** Every use case. A new one is a file beside this and an entry here. */
export const COMMANDS: readonly Command[] = [
  acceptOrder,
  cancelOrder,
  changeDeliveryAddress,
  registerCustomer,
  reserveStock,
  releaseStock,
  getLiveStock,
  getOrder,
];
