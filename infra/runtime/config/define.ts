import type { ConfigInput } from './config.ts';

/** The one module a sluice.config.ts imports. */
export { defineDocument } from './catalog.ts';
export { defineOrders } from './orders.ts';
export { env, envBoolean, envList, envNumber, secretEnv, secretFile } from './reference.ts';
export { type SearchAnalysis, type SearchAnalysisOptions, searchAnalysis } from './searchAnalysis.ts';
export { defineStock } from './stock.ts';

/** Gives editors the types of the configuration; checks happen when it is loaded. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}
