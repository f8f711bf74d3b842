import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Place } from '#test/reliability/commands/place.ts';
import { checkWithSchemathesis, schemathesis } from '#test/reliability/commands/schemathesisTool.ts';

/** The long form is test/reliability/schemathesis.ts. */
describe('the API beside its own OpenAPI document', () => {
  let program: string | undefined;
  let place: Place | undefined;

  beforeAll(async () => {
    program = await schemathesis((text) => process.stderr.write(`${text}\n`));
    if (program !== undefined) place = await Place.open({ processes: 1 });
  });

  afterAll(async () => {
    await place?.close();
  });

  it('keeps every promise that schemathesis checks', async (context) => {
    if (program === undefined || place === undefined) return context.skip('schemathesis cannot be had here');
    const result = await checkWithSchemathesis(program, {
      url: place.urls[0]!,
      apiKey: place.key,
      examples: 3,
      seed: 1,
      phases: 'coverage',
    });
    expect(result.code, result.output).toBe(0);
  });
});
