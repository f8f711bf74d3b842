import { createServerless, type IServerOptions, type Server } from 'soap';
import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import type { Authenticator } from '../callers/authenticator.ts';
import { COMMANDS } from '../model/commands.ts';
import type { Command } from '../model/defineCommand.ts';
import type { Caller } from '../pipeline/caller.ts';
import { commandProblem } from '../pipeline/problems.ts';
import type { CommandContext, UseCases } from '../pipeline/types.ts';
import { faultEnvelope, type SoapVersion, versionOf } from './envelope.ts';
import { soapInput } from './soapInput.ts';
import { commandsWsdl, PORTS, REPLAYED_ELEMENT, SERVICE } from './wsdl.ts';
import { checkXml } from './xmlGuard.ts';

export interface SoapDoorOptions {
  readonly useCases: Pick<UseCases, 'execute'>;
  readonly authenticator: Pick<Authenticator, 'key'>;
  /** Where clients reach the door; stands in the WSDL. */
  readonly url: string;
}

/** One envelope on its way in. How its bytes were encoded is over by now, so that another encoding (binary WCF) is one more codec. */
export interface SoapRequest {
  readonly xml: string;
  readonly context: Omit<CommandContext, 'door'>;
}

export interface SoapAnswer {
  readonly status: number;
  readonly version: SoapVersion;
  readonly xml: string;
  /** The problem a fault tells; undefined for a success. */
  readonly problem?: HttpProblem;
}

/** What a service method finds of its request: the library hands it the request object we gave it. */
interface Exchange {
  readonly context: Omit<CommandContext, 'door'>;
  problem?: HttpProblem;
}

const PATH = '/soap';

/** SOAP in front of the use cases: reads messages, asks the pipeline, writes answers and faults. No rule of the shop is in here. */
export class SoapDoor {
  readonly #options: SoapDoorOptions;
  readonly wsdl: string;
  readonly #servers: Readonly<Record<SoapVersion, Promise<Server>>>;
  readonly #exchanges = new WeakMap<object, Exchange>();

  constructor(options: SoapDoorOptions) {
    this.#options = options;
    this.wsdl = commandsWsdl(options.url);
    this.#servers = { '1.1': this.#server('1.1'), '1.2': this.#server('1.2') };
  }

  /** Answers one envelope. Never rejects: every trouble is a fault. */
  async handle({ xml, context }: SoapRequest): Promise<SoapAnswer> {
    const version = versionOf(xml) ?? '1.1';
    try {
      checkXml(xml);
      if (versionOf(xml) === undefined) throw malformed('The message is no SOAP 1.1 or 1.2 envelope.');
      return await this.#process(xml, version, context);
    } catch (error) {
      return fault(commandProblem(error), version, context.requestId);
    }
  }

  async #process(xml: string, version: SoapVersion, context: Omit<CommandContext, 'door'>): Promise<SoapAnswer> {
    const server = await this.#servers[version];
    const exchange: Exchange = { context };
    // Headers stay out: the operation is told by the message itself, so that a SOAPAction cannot say something else.
    const headers = {};
    this.#exchanges.set(headers, exchange);
    const { body, statusCode } = await server.processRequest(xml, { headers, url: PATH });
    if (exchange.problem !== undefined) return fault(exchange.problem, version, context.requestId);
    if (statusCode !== 200) throw malformed('The message fits no operation of the WSDL.');
    return { status: 200, version, xml: body };
  }

  #server(version: SoapVersion): Promise<Server> {
    const methods = Object.fromEntries(COMMANDS.map((command) => [command.name, this.#method(command)]));
    const { promise, resolve, reject } = Promise.withResolvers<Server>();
    const options: IServerOptions & { readonly customDeserializer: object } = {
      path: PATH,
      services: { [SERVICE]: { [PORTS['1.1']]: methods, [PORTS['1.2']]: methods } },
      xml: this.wsdl,
      suppressStack: true,
      forceSoap12Headers: version === '1.2',
      // Numbers stay text here and are read strictly by soapInput.
      customDeserializer: { int: (text: string) => text },
      // The WSDL has been read by then.
      callback: (error: unknown, server: Server) => (error ? reject(error) : resolve(server)),
    };
    createServerless(options).catch(reject);
    return promise;
  }

  #method(command: Command) {
    return async (message: unknown, _callback: unknown, headers: unknown, request: { readonly headers: object }) => {
      const exchange = this.#exchanges.get(request.headers)!;
      try {
        return await this.#run(command, message, headers, exchange.context);
      } catch (error) {
        exchange.problem = commandProblem(error);
        return {};
      }
    };
  }

  async #run(command: Command, message: unknown, headers: unknown, context: Omit<CommandContext, 'door'>) {
    const caller = await this.#caller(headers);
    const { input, idempotencyKey } = soapInput(command, message);
    const reply = await this.#options.useCases.execute({
      command,
      caller,
      input,
      idempotencyKey,
      context: { ...context, door: 'soap' },
    });
    const result = withoutNulls(JSON.parse(reply.body)) as Record<string, unknown>;
    const replayed = command.guard.kind === 'write' ? { [REPLAYED_ELEMENT]: reply.replayed } : {};
    return { ...result, ...replayed };
  }

  /** The UsernameToken's caller: its name must be the id that its password, an API key, belongs to. @throws 401. */
  async #caller(headers: unknown): Promise<Caller> {
    const { Username, Password } = usernameToken(headers);
    const [name, key] = [textOf(Username), textOf(Password)];
    const caller = key === undefined ? null : await this.#options.authenticator.key(key);
    if (caller === null || caller.id !== name) throw new HttpProblem(HTTP_PROBLEMS.unauthenticated);
    return caller;
  }
}

interface UsernameToken {
  readonly Username?: unknown;
  readonly Password?: unknown;
}

/** Source: https://docs.oasis-open.org/wss-m/wss/v1.1.1/os/wss-UsernameTokenProfile-v1.1.1-os.html; PasswordText only, since only hashes are kept here. */
function usernameToken(headers: unknown): UsernameToken {
  const security = (headers as { readonly Security?: { readonly UsernameToken?: unknown } } | undefined)?.Security;
  const token = security?.UsernameToken;
  return typeof token === 'object' && token !== null ? (token as UsernameToken) : {};
}

/** An element's text, with or without attributes. */
function textOf(element: unknown): string | undefined {
  if (typeof element === 'string') return element;
  const value = (element as { readonly $value?: unknown } | undefined)?.$value;
  return typeof value === 'string' ? value : undefined;
}

/** Null members are absent elements. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
}

function malformed(detail: string): HttpProblem {
  return new HttpProblem(HTTP_PROBLEMS.malformed, { detail });
}

/** SOAP 1.1 answers every fault with 500, SOAP 1.2 a sender's with 400; a refused rate or an absent database keeps its own status for proxies. */
function fault(problem: HttpProblem, version: SoapVersion, requestId: string): SoapAnswer {
  const { status } = problem.kind;
  const keeps = status === 401 || status === 403 || status === 429 || status === 503;
  const plain = version === '1.2' && status < 500 ? 400 : 500;
  return { status: keeps ? status : plain, version, xml: faultEnvelope(problem, requestId, version), problem };
}
