import type { z } from 'zod';
import { COMMANDS } from '../model/commands.ts';
import type { Command } from '../model/defineCommand.ts';
import { type Json, schemaOf, withoutNull } from './json.ts';
import { problemsOf } from './problemResponses.ts';

const HEAD = `# Commands

Generated from the use cases in connectors/commands/model by \`sluice commands docs\`. The OpenAPI document is
schemas/openapi/commands.json; \`sluice commands client --out <file>\` writes a typed client.

Writes are POST with an \`Idempotency-Key\` header and take effect once for each key; refusals are kept with their key too. Reads are GET.
Every call needs a credential with the scope named below. Money is decimal text, ids are text, times are UTC.

Several writes go together as \`POST /batches\`. Where \`commands.soap\` is configured, the same use cases are SOAP 1.1 and 1.2 operations of
the same names at \`/soap\` (\`GET /soap?wsdl\`, or \`sluice commands wsdl\`): path, query and body are one message, a write's key is the element
\`idempotencyKey\`, the credential is a WS-Security UsernameToken (caller's id, API key as PasswordText) over TLS, problems are the detail of
faults.
`;

/** The text of docs/commands.md, which is committed; a test compares them. */
export function commandsPage(): string {
  const list = COMMANDS.map(
    ({ name, summary, route, guard }) =>
      `| [${name}](#${name.toLowerCase()}) | ${summary} | \`${route.method} ${route.path}\` | \`${guard.scope}\` |`,
  );
  return [
    HEAD,
    `| use case | | route | scope |\n|---|---|---|---|\n${list.join('\n')}\n`,
    ...COMMANDS.map(section),
  ].join('\n');
}

function section(command: Command): string {
  const { name, description, route, guard, procedure, input, result } = command;
  const facts = [
    `- Route: \`${route.method} ${route.path}\`, answers ${route.successStatus}`,
    `- Scope: \`${guard.scope}\`; takes ${guard.weight} of the caller’s rate`,
    `- Customer’s own credential: ${customers(guard.customerPath)}`,
    `- Procedure: \`${procedure.name}\``,
  ];
  return `## ${name}

${description}

${facts.join('\n')}

| field | in | type | |
|---|---|---|---|
${[...rows(input.params, 'path'), ...rows(input.query, 'query'), ...rows(input.body, 'body')].join('\n')}

| result | type | |
|---|---|---|
${fields(schemaOf(result, 'output'), '')
  .map(({ path, type, text }) => `| \`${path}\` | ${type} | ${text} |`)
  .join('\n')}

| problem | status | |
|---|---|---|
${
  problemsOf(command)
    .slice(0, command.errors.length)
    .map((kind) => `| \`${kind.code}\` | ${kind.status} | ${kind.title}. ${kind.remedy} |`)
    .join('\n') || '| none of its own | | |'
}
`;
}

function customers(path: Command['guard']['customerPath']): string {
  if (path === 'anyone') return 'may call it, for what is asked belongs to no customer';
  if (path === 'nobody') return 'may not call it';
  return `only for itself (\`${path}\`)`;
}

function rows(schema: z.ZodObject, place: string): string[] {
  return fields(schemaOf(schema, 'input'), '').map(
    ({ path, type, text, isRequired }) =>
      `| \`${path}\` | ${place} | ${type}${isRequired ? '' : ', may be left out'} | ${text} |`,
  );
}

interface Field {
  readonly path: string;
  readonly type: string;
  readonly text: string;
  readonly isRequired: boolean;
}

/** Every field of a schema with those inside it, `lines[].sku`. */
function fields(schema: Json, prefix: string): readonly Field[] {
  const required = new Set((schema['required'] as readonly string[] | undefined) ?? []);
  return Object.entries((schema['properties'] as Readonly<Record<string, Json>> | undefined) ?? {}).flatMap(
    ([name, member]) => {
      const path = `${prefix}${name}`;
      const text = String(member['description'] ?? '').replaceAll('|', '\\|');
      const own = { path, type: describe(member), text, isRequired: required.has(name) };
      const { schema: plain } = withoutNull(member);
      const isList = plain['type'] === 'array';
      return [own, ...(isList ? fields(plain['items'] as Json, `${path}[].`) : fields(plain, `${path}.`))];
    },
  );
}

/** A schema's type and bounds in a few words. */
function describe(given: Json): string {
  const { schema, isNullable } = withoutNull(given);
  if (isNullable) return `${describe(schema)} or null`;
  if ('const' in schema) return `\`${schema['const']}\``;
  if (Array.isArray(schema['enum'])) return schema['enum'].map((word) => `\`${word}\``).join(', ');
  const { type, format, minLength, maxLength, minimum, maximum, minItems, maxItems } = schema;
  const range = (low: unknown, high: unknown, unit: string): string =>
    low === undefined && high === undefined ? '' : `, ${low ?? 0} to ${high ?? 'any'}${unit}`;
  if (type === 'string')
    return `text${format === undefined ? '' : ` (${format})`}${range(minLength, maxLength, ' characters')}`;
  if (type === 'integer') return `whole number${Number(maximum) > 2 ** 31 ? '' : range(minimum, maximum, '')}`;
  if (type === 'array') return `list${range(minItems, maxItems, '')}`;
  return String(type);
}
