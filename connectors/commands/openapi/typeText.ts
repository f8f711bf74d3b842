import { type Json, withoutNull } from './json.ts';

/**
 * A JSON Schema as a TypeScript type. Knows what the use cases' schemas are made of: strings, numbers, constants, lists of words, arrays,
 * objects and unions.
 * @throws RangeError for anything else, so that a new kind of field is noticed.
 */
export function typeText(given: Json, indent = ''): string {
  const { schema, isNullable } = withoutNull(given);
  if (isNullable) return `${typeText(schema, indent)} | null`;
  if ('const' in schema) return JSON.stringify(schema['const']);
  if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => JSON.stringify(value)).join(' | ');
  if (Array.isArray(schema['anyOf'])) return schema['anyOf'].map((part) => typeText(part as Json, indent)).join(' | ');
  switch (schema['type']) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema['type'];
    case 'integer':
    case 'number':
      return 'number';
    case 'array': {
      const item = typeText(schema['items'] as Json, indent);
      return item.includes(' | ') ? `readonly (${item})[]` : `readonly ${item}[]`;
    }
    case 'object':
      return objectText(schema, indent);
    default:
      throw new RangeError(`no TypeScript type for the JSON Schema ${JSON.stringify(schema).slice(0, 200)}`);
  }
}

function objectText(schema: Json, indent: string): string {
  const required = new Set((schema['required'] as readonly string[] | undefined) ?? []);
  const inner = `${indent}  `;
  const members = Object.entries((schema['properties'] as Readonly<Record<string, Json>> | undefined) ?? {}).map(
    ([name, member]) => {
      const description = member['description'];
      const comment = typeof description === 'string' ? `${inner}/** ${description} */\n` : '';
      return `${comment}${inner}readonly ${name}${required.has(name) ? '' : '?'}: ${typeText(member, inner)};\n`;
    },
  );
  return members.length === 0 ? '{}' : `{\n${members.join('')}${indent}}`;
}
