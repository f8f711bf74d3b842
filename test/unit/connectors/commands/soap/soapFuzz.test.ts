import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SCOPES } from '#connectors/commands/model/defineCommand.ts';
import { checkInput } from '#connectors/commands/pipeline/checks.ts';
import { SoapDoor } from '#connectors/commands/soap/soapDoor.ts';
import { parseXml } from '#infra/standin/sql/xml.ts';

const SECRET = 'slk_secretsecret';
const ENVELOPE = `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:c="urn:sluice:commands:1"><s:Header><w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><w:UsernameToken><w:Username>web</w:Username><w:Password>${SECRET}</w:Password></w:UsernameToken></w:Security></s:Header><s:Body><c:AcceptOrder><c:idempotencyKey>k</c:idempotencyKey><c:customerId>17</c:customerId><c:currency>GBP</c:currency><c:lines><c:sku>A</c:sku><c:quantity>2</c:quantity><c:unitPrice>9.99</c:unitPrice></c:lines><c:total>19.98</c:total></c:AcceptOrder></s:Body></s:Envelope>`;

/** What an attacker would put somewhere into a message. */
const PIECES = [
  '<',
  '>',
  '&',
  '"',
  "'",
  '/',
  '\u0000',
  '\ud800',
  '<c:lines/>',
  '<!DOCTYPE x>',
  '<![CDATA[<c:total>1</c:total>]]>',
  '&#x0;',
  '&lol;',
  '<__proto__>x</__proto__>',
  '<constructor/>',
  '<c:total>1</c:total>',
  ' xsi:nil="true"',
  ' href="#1"',
  ' id="1"',
  '<s:Body/>',
  "'; DROP TABLE dbo.ORD_HDR; --",
  '<c:CancelOrder/>',
  '𝔘'.repeat(40),
];

interface Change {
  readonly at: number;
  readonly cut: number;
  readonly piece: string;
}

const change = fc.record({
  at: fc.nat({ max: ENVELOPE.length }),
  cut: fc.nat({ max: 40 }),
  piece: fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 12 })),
});

const changed = (changes: readonly Change[]): string =>
  changes.reduce((text, { at, cut, piece }) => text.slice(0, at) + piece + text.slice(at + cut), ENVELOPE);

describe('a message that somebody has tampered with', () => {
  const door = new SoapDoor({
    url: 'https://x/soap',
    authenticator: {
      key: async (text) =>
        text === SECRET ? { id: 'web', scopes: SCOPES, credential: { kind: 'key', name: 'p' } } : null,
    },
    useCases: {
      execute: async ({ command, input }) => {
        checkInput(command, input);
        return { status: 201, body: '{"orderId":"1"}', replayed: false };
      },
    },
  });

  it('is answered with a well-formed envelope that tells nothing of our inside and nothing secret', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const { status, xml, problem } = await door.handle({ xml: changed(changes), context: { requestId: 'r' } });
        expect(() => parseXml(xml)).not.toThrow();
        expect(xml).not.toMatch(/node_modules|TypeError|\bat \S+ \(|\.ts:|\.js:/);
        expect(xml).not.toContain(SECRET);
        expect(problem === undefined ? status : problem.kind.status).toBeLessThan(500);
        expect(({} as Record<string, unknown>)['x']).toBeUndefined();
      }),
      { numRuns: Number(process.env['SLUICE_FUZZ_RUNS'] ?? 1500) },
    );
  });

  it('is taken when nothing of it was changed', async () => {
    expect((await door.handle({ xml: ENVELOPE, context: { requestId: 'r' } })).status).toBe(200);
  });
});
