import { stackDown, stackStatus, stackUp } from '#infra/stack/cli.ts';

/** Thin doors to infra/stack. */
export const up = stackUp;
export const down = stackDown;
export const status = stackStatus;
