import { COMMANDS } from '../model/commands.ts';
import type { Command } from '../model/defineCommand.ts';
import { type Json, schemaOf, withoutNull } from '../openapi/json.ts';

/** Namespace of messages and operations. A change of a message that old clients cannot read gets a new last part. */
export const COMMANDS_NAMESPACE = 'urn:sluice:commands:1';
export const SERVICE = 'SluiceCommands';
export const PORTS = { '1.1': 'CommandsSoap11', '1.2': 'CommandsSoap12' } as const;

/** Elements that a write's messages have beside the use case's own fields. */
export const KEY_ELEMENT = 'idempotencyKey';
export const REPLAYED_ELEMENT = 'replayed';

/**
 * The WSDL 1.1 of the SOAP door, made from the use cases: document/literal, a wrapped message for each, bindings for SOAP 1.1 and 1.2.
 * `url` is where clients reach the door. Source: https://www.w3.org/TR/wsdl and https://www.w3.org/submissions/wsdl11soap12/.
 */
export function commandsWsdl(url: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions name="${SERVICE}" targetNamespace="${COMMANDS_NAMESPACE}" xmlns:tns="${COMMANDS_NAMESPACE}"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="http://www.w3.org/2001/XMLSchema"
    xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/">
  <wsdl:documentation>Each call needs a WS-Security UsernameToken: the caller's id and, as PasswordText, its API key. A write takes effect once for each ${KEY_ELEMENT}.</wsdl:documentation>
  <wsdl:types>
    <xs:schema targetNamespace="${COMMANDS_NAMESPACE}" elementFormDefault="qualified">
${COMMANDS.map(messageTypes).join('')}${FAULT_TYPE}    </xs:schema>
  </wsdl:types>
${COMMANDS.map(messages).join('')}  <wsdl:message name="CommandFault"><wsdl:part name="fault" element="tns:CommandFault"/></wsdl:message>
  <wsdl:portType name="Commands">
${COMMANDS.map(portOperation).join('')}  </wsdl:portType>
${binding('1.1')}${binding('1.2')}  <wsdl:service name="${SERVICE}">
    <wsdl:port name="${PORTS['1.1']}" binding="tns:${PORTS['1.1']}"><soap:address location="${escapeXml(url)}"/></wsdl:port>
    <wsdl:port name="${PORTS['1.2']}" binding="tns:${PORTS['1.2']}"><soap12:address location="${escapeXml(url)}"/></wsdl:port>
  </wsdl:service>
</wsdl:definitions>
`;
}

/** The schema of a command's flat input: path, query and body together. */
export function flatInput({ input }: Command): Json {
  const parts = [input.params, input.query, input.body].map((part) => schemaOf(part, 'input'));
  return {
    type: 'object',
    properties: Object.assign({}, ...parts.map((part) => part['properties'])),
    required: parts.flatMap((part) => (part['required'] as string[] | undefined) ?? []),
  };
}

function messageTypes(command: Command): string {
  const { name, guard, result } = command;
  const isWrite = guard.kind === 'write';
  const key = isWrite ? element(KEY_ELEMENT, { type: 'string', maxLength: 100 }, true, 5) : '';
  const replayed = isWrite ? element(REPLAYED_ELEMENT, { type: 'boolean' }, true, 5) : '';
  return `      <xs:element name="${name}"><xs:complexType><xs:sequence>
${key}${members(flatInput(command), 5)}      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="${name}Response"><xs:complexType><xs:sequence>
${members(schemaOf(result, 'output'), 5)}${replayed}      </xs:sequence></xs:complexType></xs:element>
`;
}

function members(schema: Json, depth: number): string {
  const required = new Set((schema['required'] as readonly string[] | undefined) ?? []);
  return Object.entries((schema['properties'] as Readonly<Record<string, Json>> | undefined) ?? {})
    .map(([name, member]) => element(name, member, required.has(name), depth))
    .join('');
}

/** One element. A list is the element several times; what may be null or left out may be absent. */
function element(name: string, given: Json, isRequired: boolean, depth: number): string {
  const pad = '  '.repeat(depth);
  const { schema, isNullable } = withoutNull(given);
  if (schema['type'] === 'array') {
    const { minItems = 0, maxItems = 'unbounded', items } = schema;
    const occurs = ` minOccurs="${minItems}" maxOccurs="${maxItems}"`;
    return elementOf(name, items as Json, occurs, pad, depth);
  }
  return elementOf(name, schema, isRequired && !isNullable ? '' : ' minOccurs="0"', pad, depth);
}

function elementOf(name: string, schema: Json, occurs: string, pad: string, depth: number): string {
  if (schema['type'] !== 'object') return `${pad}<xs:element name="${name}" type="${simpleType(schema)}"${occurs}/>\n`;
  return `${pad}<xs:element name="${name}"${occurs}><xs:complexType><xs:sequence>
${members(schema, depth + 1)}${pad}</xs:sequence></xs:complexType></xs:element>
`;
}

/** Money and ids are text here too: no client may read them as floats. Bounds and patterns are checked by the use case. */
function simpleType(schema: Json): string {
  if (schema['type'] === 'integer') return 'xs:int';
  return schema['type'] === 'boolean' ? 'xs:boolean' : 'xs:string';
}

function messages({ name }: Command): string {
  const message = (type: string): string =>
    `  <wsdl:message name="${type}"><wsdl:part name="parameters" element="tns:${type}"/></wsdl:message>\n`;
  return message(name) + message(`${name}Response`);
}

function portOperation({ name, summary }: Command): string {
  return `    <wsdl:operation name="${name}">
      <wsdl:documentation>${escapeXml(summary)}.</wsdl:documentation>
      <wsdl:input message="tns:${name}"/><wsdl:output message="tns:${name}Response"/><wsdl:fault name="CommandFault" message="tns:CommandFault"/>
    </wsdl:operation>
`;
}

function binding(version: keyof typeof PORTS): string {
  const prefix = version === '1.1' ? 'soap' : 'soap12';
  const body = `<${prefix}:body use="literal"/>`;
  const operations = COMMANDS.map(
    ({ name }) => `    <wsdl:operation name="${name}">
      <${prefix}:operation soapAction="${COMMANDS_NAMESPACE}:${name}" style="document"/>
      <wsdl:input>${body}</wsdl:input><wsdl:output>${body}</wsdl:output>
      <wsdl:fault name="CommandFault"><${prefix}:fault name="CommandFault" use="literal"/></wsdl:fault>
    </wsdl:operation>
`,
  );
  return `  <wsdl:binding name="${PORTS[version]}" type="tns:Commands">
    <${prefix}:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
${operations.join('')}  </wsdl:binding>
`;
}

/** What stands in a fault's detail: the problem as the other doors tell it. */
const FAULT_TYPE = `      <xs:element name="CommandFault"><xs:complexType><xs:sequence>
          <xs:element name="code" type="xs:string"/>
          <xs:element name="status" type="xs:int"/>
          <xs:element name="title" type="xs:string"/>
          <xs:element name="detail" type="xs:string" minOccurs="0"/>
          <xs:element name="retryAfterSeconds" type="xs:int" minOccurs="0"/>
          <xs:element name="requestId" type="xs:string" minOccurs="0"/>
          <xs:element name="fact" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
            <xs:element name="name" type="xs:string"/>
            <xs:element name="value" type="xs:string"/>
          </xs:sequence></xs:complexType></xs:element>
          <xs:element name="error" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
            <xs:element name="pointer" type="xs:string"/>
            <xs:element name="detail" type="xs:string"/>
          </xs:sequence></xs:complexType></xs:element>
        </xs:sequence></xs:complexType></xs:element>
`;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text as it may stand in an element or an attribute in double quotes. Characters that XML 1.0 cannot hold are left out. */
export function escapeXml(text: string): string {
  return text
    .replaceAll(/[&<>"]/g, (sign) => ENTITIES[sign]!)
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '');
}
