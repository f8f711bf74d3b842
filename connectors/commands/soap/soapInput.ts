import type { Command } from '../model/defineCommand.ts';
import type { Json } from '../openapi/json.ts';
import type { CommandRequest } from '../pipeline/types.ts';
import { flatInput, KEY_ELEMENT } from './wsdl.ts';

/** What one message says: the input in its three parts, not yet checked, and the key. */
export interface SoapInput {
  readonly input: CommandRequest['input'];
  readonly idempotencyKey: string | undefined;
}

/** The key under which the parser keeps an element's attributes; none of ours has any that matters. */
const ATTRIBUTES = 'attributes';

/** Sorts a message's elements into the parts of the command's input. What is unknown goes into the body, whose check refuses it. */
export function soapInput(command: Command, message: unknown): SoapInput {
  const fields = asObject(fromXml(flatInput(command), message));
  const { [KEY_ELEMENT]: key, ...rest } = fields;
  const isRead = command.guard.kind === 'read';
  const parts = { params: {}, query: {}, body: {} } as Record<'params' | 'query' | 'body', Record<string, unknown>>;
  for (const [name, value] of Object.entries(isRead ? fields : rest)) {
    const place = Object.hasOwn(command.input.params.shape, name)
      ? 'params'
      : Object.hasOwn(command.input.query.shape, name)
        ? 'query'
        : 'body';
    parts[place][name] = value;
  }
  return {
    input: { ...parts, body: isRead && Object.keys(parts.body).length === 0 ? undefined : parts.body },
    idempotencyKey: !isRead && typeof key === 'string' ? key : undefined,
  };
}

/** A parsed element as JSON of the schema's shape: one element of a list is a list, digits are a number, an absent one is absent. */
function fromXml(schema: Json, value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  switch (schema['type']) {
    case 'array':
      return (Array.isArray(value) ? value : [value]).map((item) => fromXml(schema['items'] as Json, item));
    case 'object': {
      if (typeof value !== 'object' || Array.isArray(value)) return value;
      const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Json>>;
      const members = Object.entries(value).filter(([name]) => name !== ATTRIBUTES);
      return Object.fromEntries(
        members.map(([name, member]) => [
          name,
          Object.hasOwn(properties, name) ? fromXml(properties[name]!, member) : member,
        ]),
      );
    }
    case 'integer':
      // Only what is written as a whole number is one: 2.7 must not become 2.
      return typeof value === 'string' && /^-?[0-9]{1,15}$/.test(value) ? Number(value) : value;
    default:
      return value;
  }
}

const asObject = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
