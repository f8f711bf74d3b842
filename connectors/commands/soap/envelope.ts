import { HTTP_PROBLEMS, type HttpProblem, problemBody } from '#infra/runtime/http/problem.ts';
import { COMMANDS_NAMESPACE, escapeXml } from './wsdl.ts';

export type SoapVersion = '1.1' | '1.2';

/** Source: https://www.w3.org/TR/2000/NOTE-SOAP-20000508/ §4 and https://www.w3.org/TR/soap12-part1/ §5. */
export const ENVELOPE_NAMESPACES: Readonly<Record<SoapVersion, string>> = {
  '1.1': 'http://schemas.xmlsoap.org/soap/envelope/',
  '1.2': 'http://www.w3.org/2003/05/soap-envelope',
};

export const MEDIA_TYPES: Readonly<Record<SoapVersion, string>> = { '1.1': 'text/xml', '1.2': 'application/soap+xml' };

const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';

/**
 * A problem as a SOAP fault: what the caller should mend is Client/Sender, what is ours is Server/Receiver, a credential that does not hold
 * is WS-Security's FailedAuthentication. The detail holds what the other doors put into the problem document.
 */
export function faultEnvelope(problem: HttpProblem, requestId: string, version: SoapVersion): string {
  const isOurs = problem.kind.status >= 500;
  const isUnknown = problem.kind.code === HTTP_PROBLEMS.unauthenticated.code;
  const detail = faultDetail(problem, requestId);
  const title = escapeXml(problem.kind.title);
  const wsse = isUnknown ? ` xmlns:wsse="${WSSE}"` : '';
  const fault =
    version === '1.1'
      ? `<faultcode>${isUnknown ? 'wsse:FailedAuthentication' : `soap:${isOurs ? 'Server' : 'Client'}`}</faultcode><faultstring xml:lang="en">${title}</faultstring><detail>${detail}</detail>`
      : `<soap:Code><soap:Value>soap:${isOurs ? 'Receiver' : 'Sender'}</soap:Value>${isUnknown ? '<soap:Subcode><soap:Value>wsse:FailedAuthentication</soap:Value></soap:Subcode>' : ''}</soap:Code><soap:Reason><soap:Text xml:lang="en">${title}</soap:Text></soap:Reason><soap:Detail>${detail}</soap:Detail>`;
  return `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="${ENVELOPE_NAMESPACES[version]}"${wsse}><soap:Body><soap:Fault>${fault}</soap:Fault></soap:Body></soap:Envelope>`;
}

function faultDetail(problem: HttpProblem, requestId: string): string {
  const { options, kind } = problem;
  const { detail, requestId: id } = problemBody(problem, '', requestId);
  const { retryAfterSeconds, facts = {}, errors = [] } = options;
  const parts = [
    tag('code', kind.code),
    tag('status', kind.status),
    tag('title', kind.title),
    tag('detail', detail),
    tag('retryAfterSeconds', retryAfterSeconds === undefined ? undefined : Math.max(1, Math.ceil(retryAfterSeconds))),
    tag('requestId', id),
    ...Object.entries(facts).map(([name, value]) => `<fact>${tag('name', name)}${tag('value', value)}</fact>`),
    ...errors.map((error) => `<error>${tag('pointer', error.pointer)}${tag('detail', error.detail)}</error>`),
  ];
  return `<CommandFault xmlns="${COMMANDS_NAMESPACE}">${parts.join('')}</CommandFault>`;
}

function tag(name: string, value: unknown): string {
  return value === undefined || value === null ? '' : `<${name}>${escapeXml(String(value))}</${name}>`;
}

/** The version of an envelope by its root's namespace; undefined when the root is no envelope. */
export function versionOf(xml: string): SoapVersion | undefined {
  const root = /<(?:([\w.-]+):)?Envelope(\s[^>]*)?>/.exec(xml);
  const [, prefix, attributes = ''] = root ?? [];
  const name = prefix === undefined ? 'xmlns' : `xmlns:${prefix.replaceAll('.', '\\.')}`;
  const [, , namespace] = new RegExp(`\\s${name}\\s*=\\s*(["'])([^"']*)\\1`).exec(attributes) ?? [];
  return (Object.keys(ENVELOPE_NAMESPACES) as SoapVersion[]).find((v) => ENVELOPE_NAMESPACES[v] === namespace);
}
