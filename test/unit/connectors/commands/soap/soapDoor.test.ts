import { describe, expect, it } from 'vitest';
import { COMMANDS } from '#connectors/commands/model/commands.ts';
import { SCOPES } from '#connectors/commands/model/defineCommand.ts';
import type { CommandRequest } from '#connectors/commands/pipeline/types.ts';
import { ENVELOPE_CODECS } from '#connectors/commands/soap/codecs.ts';
import { ENVELOPE_NAMESPACES, type SoapVersion } from '#connectors/commands/soap/envelope.ts';
import { SoapDoor } from '#connectors/commands/soap/soapDoor.ts';
import { COMMANDS_NAMESPACE, commandsWsdl } from '#connectors/commands/soap/wsdl.ts';
import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import { parseXml, textOf, type XmlElement } from '#infra/standin/sql/xml.ts';

const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
const TEXT = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText';
const CONTEXT = { requestId: 'r-1' };

function header(user = 'web', password = 'good'): string {
  return `<s:Header><wsse:Security xmlns:wsse="${WSSE}" s:mustUnderstand="1"><wsse:UsernameToken><wsse:Username>${user}</wsse:Username><wsse:Password Type="${TEXT}">${password}</wsse:Password></wsse:UsernameToken></wsse:Security></s:Header>`;
}

function envelope(body: string, version: SoapVersion = '1.1', head = header()): string {
  return `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="${ENVELOPE_NAMESPACES[version]}" xmlns:c="${COMMANDS_NAMESPACE}">${head}<s:Body>${body}</s:Body></s:Envelope>`;
}

const LINE = '<c:lines><c:sku>A &amp; B</c:sku><c:quantity>2</c:quantity><c:unitPrice>9.99</c:unitPrice></c:lines>';
const ORDER = `<c:AcceptOrder><c:idempotencyKey>k-1</c:idempotencyKey><c:customerId>17</c:customerId><c:currency>GBP</c:currency>${LINE}<c:total>19.98</c:total></c:AcceptOrder>`;

function doorWith(answer: (request: CommandRequest) => unknown): { door: SoapDoor; requests: CommandRequest[] } {
  const requests: CommandRequest[] = [];
  const door = new SoapDoor({
    url: 'https://commands.example/soap',
    authenticator: {
      key: async (text) =>
        text === 'good' ? { id: 'web', scopes: SCOPES, credential: { kind: 'key', name: 'p' } } : null,
    },
    useCases: {
      execute: async (request) => {
        requests.push(request);
        return { status: 200, body: JSON.stringify(await answer(request)), replayed: true, commandId: 'c' };
      },
    },
  });
  return { door, requests };
}

/** The one element of that name, prefixes aside. */
function find(xml: string, name: string): XmlElement | undefined {
  const search = (nodes: readonly (XmlElement | string)[]): XmlElement | undefined => {
    for (const node of nodes) {
      if (typeof node === 'string') continue;
      const found = node.name.split(':').at(-1) === name ? node : search(node.children);
      if (found) return found;
    }
    return undefined;
  };
  return search(parseXml(xml));
}

const textAt = (xml: string, name: string): string | undefined => {
  const found = find(xml, name);
  return found && textOf(found);
};

describe.each(['1.1', '1.2'] as const)('the SOAP %s door', (version) => {
  it('hands a message to the use case as every other door does, and its result back', async () => {
    const { door, requests } = doorWith(() => ({ commandId: 'c', orderId: '7', status: 'accepted', lineCount: 1 }));
    const answer = await door.handle({ xml: envelope(ORDER, version), context: CONTEXT });
    expect([answer.status, answer.version]).toEqual([200, version]);
    expect(answer.xml).toContain(ENVELOPE_NAMESPACES[version]);
    expect([textAt(answer.xml, 'orderId'), textAt(answer.xml, 'replayed')]).toEqual(['7', 'true']);
    expect(requests).toMatchObject([
      {
        caller: { id: 'web' },
        idempotencyKey: 'k-1',
        context: { door: 'soap', requestId: 'r-1' },
        input: {
          params: {},
          body: {
            customerId: '17',
            currency: 'GBP',
            lines: [{ sku: 'A & B', quantity: 2, unitPrice: '9.99' }],
            total: '19.98',
          },
        },
      },
    ]);
  });

  it('tells a problem as a fault with its code, facts and places', async () => {
    const { door } = doorWith(() => {
      throw new HttpProblem(HTTP_PROBLEMS.validation, {
        facts: { available: 3 },
        errors: [{ pointer: '/lines/0/sku', detail: 'a < b' }],
      });
    });
    const { status, xml, problem } = await door.handle({ xml: envelope(ORDER, version), context: CONTEXT });
    expect([status, problem?.kind.code]).toEqual([version === '1.1' ? 500 : 400, 'validation']);
    expect(textAt(xml, version === '1.1' ? 'faultcode' : 'Value')).toBe(
      version === '1.1' ? 'soap:Client' : 'soap:Sender',
    );
    expect([textAt(xml, 'code'), textAt(xml, 'pointer'), textAt(find(xml, 'fact') ? xml : '', 'value')]).toEqual([
      'validation',
      '/lines/0/sku',
      '3',
    ]);
    expect(textAt(xml, 'requestId')).toBe('r-1');
  });

  it.each([
    ['an unknown password', header('web', 'bad')],
    ['a name that is not the key’s', header('other', 'good')],
    ['no token', ''],
    [
      'an empty token',
      `<s:Header><wsse:Security xmlns:wsse="${WSSE}"><wsse:UsernameToken/></wsse:Security></s:Header>`,
    ],
  ])('refuses %s and asks nothing', async (_what, head) => {
    const { door, requests } = doorWith(() => ({}));
    const { status, xml } = await door.handle({ xml: envelope(ORDER, version, head), context: CONTEXT });
    expect([status, textAt(xml, 'code')]).toEqual([401, 'unauthenticated']);
    expect(xml).toContain('wsse:FailedAuthentication');
    expect(requests).toEqual([]);
  });

  it('refuses an operation that is not in the WSDL', async () => {
    const { door } = doorWith(() => ({}));
    const { status, xml } = await door.handle({ xml: envelope('<c:DropTables/>', version), context: CONTEXT });
    expect([status, textAt(xml, 'code')]).toEqual([version === '1.1' ? 500 : 400, 'malformed-request']);
    expect(xml).not.toMatch(/at .*\.js/);
  });
});

describe('what a message says', () => {
  const sent = async (message: string) => {
    const { door, requests } = doorWith(() => ({}));
    await door.handle({ xml: envelope(message), context: CONTEXT });
    return requests[0];
  };

  it('keeps an amount that is no whole number as it was written, for the use case to refuse', async () => {
    const request = await sent(ORDER.replace('<c:quantity>2<', '<c:quantity>2.7<'));
    expect(request?.input.body).toMatchObject({ lines: [{ quantity: '2.7' }] });
  });

  it('has several lines as a list in their order', async () => {
    const request = await sent(ORDER.replace(LINE, LINE + LINE.replace('A &amp; B', 'C')));
    expect(request?.input.body).toMatchObject({ lines: [{ sku: 'A & B' }, { sku: 'C' }] });
  });

  it('goes on with unknown elements in the body, for the use case to refuse', async () => {
    expect((await sent(ORDER.replace('<c:total>', '<c:discount>1</c:discount><c:total>')))?.input.body).toMatchObject({
      discount: '1',
    });
  });

  it('is sorted into path, query and body; a read has neither key nor body', async () => {
    const request = await sent('<c:GetOrder><c:orderId>7</c:orderId><c:customerId>1</c:customerId></c:GetOrder>');
    expect([request?.input, request?.idempotencyKey]).toEqual([
      { params: { orderId: '7' }, query: { customerId: '1' }, body: undefined },
      undefined,
    ]);
  });

  it('leaves nulls of a result out', async () => {
    const { door } = doorWith(() => ({ orderId: '7', deliveryAddress: null, lines: [] }));
    const { xml } = await door.handle({
      xml: envelope('<c:GetOrder><c:orderId>7</c:orderId><c:customerId>1</c:customerId></c:GetOrder>'),
      context: CONTEXT,
    });
    expect([textAt(xml, 'orderId'), find(xml, 'deliveryAddress')]).toEqual(['7', undefined]);
  });
});

describe('the WSDL', () => {
  it('has every use case in both bindings and is well-formed', () => {
    const wsdl = commandsWsdl('https://commands.example/soap?a=1&b=2');
    expect(() => parseXml(wsdl)).not.toThrow();
    for (const { name } of COMMANDS)
      expect(wsdl.match(new RegExp(`<wsdl:operation name="${name}">`, 'g'))).toHaveLength(3);
    expect(wsdl).toContain('location="https://commands.example/soap?a=1&amp;b=2"');
  });
});

describe('the encodings of envelopes', () => {
  it('take UTF-8 only, and answer in the version they were asked in', () => {
    const [xml] = ENVELOPE_CODECS;
    expect(xml?.decode(Buffer.from('<?xml version="1.0" encoding="utf-8"?><a>é</a>'))).toContain('é');
    expect(() => xml?.decode(Buffer.from([0x3c, 0x61, 0xff]))).toThrow('UTF-8');
    expect(() => xml?.decode(Buffer.from('<?xml version="1.0" encoding="UTF-16"?><a/>'))).toThrow('UTF-8');
    expect([xml?.contentType('1.1'), xml?.contentType('1.2')]).toEqual([
      'text/xml; charset=utf-8',
      'application/soap+xml; charset=utf-8',
    ]);
  });
});
