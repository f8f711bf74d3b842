import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { clientSource } from '#connectors/commands/client/generate.ts';
import { COMMANDS } from '#connectors/commands/model/commands.ts';
import { SCOPES } from '#connectors/commands/model/defineCommand.ts';
import { typeText } from '#connectors/commands/openapi/typeText.ts';
import { staleCommandFiles } from '#infra/cli/generatedFiles.ts';
import { tempFolder } from '#test/support/tempFolder.ts';

describe('what is made from the use cases', () => {
  it('is committed as the code makes it (sluice commands generate writes it)', () => {
    expect(staleCommandFiles()).toEqual([]);
  });

  it('includes a client that compiles by itself under the strictest rules', () => {
    const file = join(tempFolder(), 'client.ts');
    const use = `
const client = new SluiceCommands({ baseUrl: 'http://x', credential: 'k' });
const reply = await client.acceptOrder({ customerId: '1', currency: 'GBP', lines: [{ sku: 'A', quantity: 1, unitPrice: '1' }], total: '1' });
export const status: 'accepted' = reply.result.status;
// @ts-expect-error money is text
client.acceptOrder({ customerId: '1', currency: 'GBP', lines: [], total: 1 });
// @ts-expect-error there is no such field
client.cancelOrder({ orderId: '1', customerId: '1', why: 'x' });
// @ts-expect-error reads have no key
client.getOrder({ orderId: '1', customerId: '1' }, { idempotencyKey: 'x' });
`;
    writeFileSync(file, clientSource() + use);
    const tsc = join(import.meta.dirname, '../../../../node_modules/typescript/bin/tsc');
    const rules = [
      '--strict',
      '--noUncheckedIndexedAccess',
      '--exactOptionalPropertyTypes',
      '--erasableSyntaxOnly',
      '--noUnusedLocals',
    ];
    const target = [
      '--target',
      'es2023',
      '--module',
      'esnext',
      '--moduleResolution',
      'bundler',
      '--lib',
      'es2023,dom',
      '--types',
      '',
    ];
    const { stdout } = spawnSync(process.execPath, [tsc, '--ignoreConfig', '--noEmit', ...rules, ...target, file], {
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
  });

  it('says what it cannot put into types rather than leaving it out', () => {
    expect(() => typeText({ type: 'object', properties: { a: {} }, required: ['a'] })).toThrow('no TypeScript type');
  });
});

describe.each(COMMANDS)('the use case $name', (command) => {
  const { input, guard, route, procedure } = command;
  const fieldsOf = (part: z.ZodObject): string[] => Object.keys(part.shape);

  it('has the fields that its path names, and no name twice', () => {
    const placeholders = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(fieldsOf(input.params)).toEqual(placeholders);
    const all = [input.params, input.query, input.body].flatMap(fieldsOf);
    expect(new Set(all).size).toBe(all.length);
  });

  it('is guarded: a known scope, a price, and a customer’s number where it is about one', () => {
    expect(SCOPES).toContain(guard.scope);
    expect(guard.weight).toBeGreaterThan(0);
    const [, part = '', name = ''] = guard.customerPath.split('/');
    if (guard.customerPath === 'anyone' || guard.customerPath === 'nobody')
      expect(JSON.stringify(input)).not.toContain('customerId');
    else expect(fieldsOf(input[part as keyof typeof input])).toContain(name);
  });

  it('is a POST with a body when it writes, a GET without one when it reads', () => {
    const [method, emptyPart] = guard.kind === 'write' ? ['POST', input.query] : ['GET', input.body];
    expect([route.method, fieldsOf(emptyPart)]).toEqual([method, []]);
    expect(procedure.name).toBe(`storefront.${command.name}`);
  });

  it('refuses unknown fields in every part, and has nothing left out by accident', () => {
    for (const part of [input.params, input.query, input.body])
      expect(part.safeParse({ nosuch: 1 }).success).toBe(false);
    const optional = [input.params, input.query, input.body].flatMap((part) =>
      Object.entries(part.shape).flatMap(([name, field]) =>
        (field as z.ZodType).safeParse(undefined).success ? [name] : [],
      ),
    );
    const meant: Record<string, string[]> = { AcceptOrder: ['reservationId'], CancelOrder: ['reason'] };
    expect(optional).toEqual(meant[command.name] ?? []);
  });

  it('answers strictly what it says', () => {
    expect(z.toJSONSchema(command.result, { io: 'output' })).toMatchObject({ additionalProperties: false });
  });
});
