import { readFileSync } from 'node:fs';
import { COMMANDS } from '../model/commands.ts';
import type { Command } from '../model/defineCommand.ts';
import { type Json, lowerFirst, schemaOf } from '../openapi/json.ts';
import { problemsOf } from '../openapi/problemResponses.ts';
import { typeText } from '../openapi/typeText.ts';

const HEAD = `// Client of the Sluice command API, generated from its use cases: \`sluice commands client --out <file>\`.
// No dependencies: needs fetch and crypto.randomUUID (Node 20 or later, current browsers). Do not edit.
`;

/** The source text of the typed client: one file, without dependencies, that may be copied anywhere. */
export function clientSource(): string {
  const runtime = readFileSync(new URL('./runtime.ts', import.meta.url), 'utf8');
  return [HEAD, ...COMMANDS.map(types), clientClass(), runtime].join('\n');
}

/** Input, result and problem codes of one use case. Path, query and body are one flat input: their field names never meet. */
function types(command: Command): string {
  const { name, input, result, summary } = command;
  const parts = [input.params, input.query, input.body].map((part) => schemaOf(part, 'input'));
  const merged: Json = {
    type: 'object',
    properties: Object.assign({}, ...parts.map((part) => part['properties'])),
    required: parts.flatMap((part) => (part['required'] as string[] | undefined) ?? []),
  };
  const codes = [...new Set(problemsOf(command).map((kind) => kind.code))].map((code) => JSON.stringify(code));
  return `/** ${summary}. */
export interface ${name}Input ${typeText(merged)}

export interface ${name}Result ${typeText(schemaOf(result, 'output'))}

/** Codes of the problems that ${name} may be answered with. */
export type ${name}Problem = ${codes.join(' | ')};
`;
}

function clientClass(): string {
  return `const OPERATIONS = {
${COMMANDS.map(operationText).join('')}} as const satisfies Readonly<Record<string, Operation>>;

const STATUS: Operation = { method: 'GET', path: '/commands/{commandId}', params: ['commandId'], query: [] };

/** The use cases as methods. Each throws CommandProblem for an answer that is no success, CommandUnanswered when none came. */
export class SluiceCommands {
  readonly #transport: Transport;

  constructor(options: ClientOptions) {
    this.#transport = new Transport(options);
  }
${COMMANDS.map(methodText).join('')}
  /** What became of a queued command. */
  async commandStatus(commandId: string, call?: CallOptions): Promise<CommandStatus> {
    return (await this.#transport.read<CommandStatus>(STATUS, { commandId }, call)).result;
  }
}
`;
}

function operationText({ name, route, input }: Command): string {
  const names = (shape: object): string =>
    `[${Object.keys(shape)
      .map((field) => `'${field}'`)
      .join(', ')}]`;
  return `  ${lowerFirst(name)}: {
    method: '${route.method}',
    path: '${route.path}',
    params: ${names(input.params.shape)},
    query: ${names(input.query.shape)},
  },
`;
}

function methodText({ name, summary, description, guard }: Command): string {
  const method = lowerFirst(name);
  const comment = `  /** ${summary}. ${description} */`;
  if (guard.kind === 'read')
    return `
${comment}
  ${method}(input: ${name}Input, call?: CallOptions): Promise<ReadReply<${name}Result>> {
    return this.#transport.read(OPERATIONS.${method}, input, call);
  }
`;
  return `
${comment}
  ${method}(input: ${name}Input, call?: WriteOptions): Promise<WriteReply<${name}Result>> {
    return this.#transport.write(OPERATIONS.${method}, input, call);
  }

  /** ${summary}, later: kept durably and run once when the database has room. */
  ${method}Later(input: ${name}Input, call?: WriteOptions): Promise<QueuedReply> {
    return this.#transport.queue(OPERATIONS.${method}, input, call);
  }
`;
}
