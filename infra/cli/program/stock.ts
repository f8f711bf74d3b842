import type { Command } from 'commander';
import { configOption, finish, jsonOption } from './options.ts';

/** `sluice stock`. */
export function registerStock(program: Command): void {
  const stock = program.command('stock').description('the copy of stock levels');
  stock
    .command('get')
    .description('what the copy holds of some articles, how old it is, and what shoppers are shown')
    .argument('<sku...>', 'articles: 1 to 500')
    .addOption(configOption())
    .addOption(jsonOption())
    .action(async (skus: string[], options: { config: string; json: boolean }) =>
      finish(await (await import('../commands/stockGet.ts')).stockGet(skus, options)),
    );
}
