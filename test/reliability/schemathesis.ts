import { parseArgs } from 'node:util';
import { Place } from './commands/place.ts';
import { checkWithSchemathesis, schemathesis } from './commands/schemathesisTool.ts';

/**
 * Checks the command API against its own OpenAPI document with schemathesis, all its checks on: `node test/reliability/schemathesis.ts
 * [--examples 100] [--seed 1]`. Exit code 1 when one fails; 0 with a word when schemathesis cannot be had here.
 */
const { values } = parseArgs({
  options: { examples: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' } },
});
const program = await schemathesis((text) => process.stderr.write(`${text}\n`));
if (program !== undefined) {
  const place = await Place.open({ processes: 1 });
  try {
    const { examples, seed } = values;
    const result = await checkWithSchemathesis(program, {
      url: place.urls[0]!,
      apiKey: place.key,
      examples: Number(examples),
      seed: Number(seed),
    });
    process.stdout.write(result.output);
    process.exitCode = result.code === 0 ? 0 : 1;
  } finally {
    await place.close();
  }
}
