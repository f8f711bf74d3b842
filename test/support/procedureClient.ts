import { randomUUID } from 'node:crypto';
import {
  caughtError,
  type ReadAnswer,
  readAnswer,
  type WriteAnswer,
  writeAnswer,
} from '#connectors/commands/gateways/procedureAnswer.ts';
import { ownParameters, type SqlDialect, writeParameters } from '#connectors/commands/gateways/sqlParameters.ts';
import type { Command, CommandInput } from '#connectors/commands/model/defineCommand.ts';
import { payloadHash } from '#connectors/commands/model/payloadHash.ts';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import { varcharOf } from '#connectors/sqlserver/params.ts';
import type { CommandShop } from './commandShop.ts';

export type SentInput = Partial<Record<keyof CommandInput, object>>;

/** Calls the procedures with the command API's own login and nothing in between: what they do by themselves. */
export class ProcedureClient {
  readonly database: Database;
  readonly #dialect: SqlDialect;

  private constructor(database: Database, dialect: SqlDialect) {
    this.database = database;
    this.#dialect = dialect;
  }

  static async open(shop: CommandShop, dialect: SqlDialect): Promise<ProcedureClient> {
    return new ProcedureClient(await openDatabase(shop.commandOptions), dialect);
  }

  /** Rejects with the error the database had, as the gateway would see it. */
  async write(
    command: Command,
    sent: SentInput,
    idempotencyKey: string = randomUUID(),
    caller = 'test',
  ): Promise<WriteAnswer & { readonly facts: Readonly<Record<string, unknown>> }> {
    const input = checked(command, sent);
    const parameters = writeParameters(
      {
        commandName: command.name,
        procedure: command.procedure.name,
        parameters: command.procedure.parameters(input),
        commandId: randomUUID(),
        idempotencyKey,
        caller,
        requestId: 'request-1',
        payloadHash: payloadHash(command.name, input),
      },
      this.#dialect,
    );
    const { recordsets } = await this.#execute(command.procedure.name, parameters);
    const answer = writeAnswer(recordsets[0]?.[0], command.procedure.name);
    return { ...answer, facts: JSON.parse(answer.result) };
  }

  async read(
    command: Command,
    sent: SentInput,
  ): Promise<ReadAnswer & { readonly facts: Readonly<Record<string, unknown>> }> {
    const own = ownParameters(command.procedure.parameters(checked(command, sent)), this.#dialect);
    const parameters = { Caller: varcharOf(64, 'test'), RequestId: varcharOf(64, 'request-1'), ...own };
    const { recordsets } = await this.#execute(command.procedure.name, parameters);
    const answer = readAnswer(recordsets[0]?.[0], command.procedure.name);
    return { ...answer, facts: JSON.parse(answer.result) };
  }

  async #execute(...call: Parameters<Database['execute']>) {
    try {
      return await this.database.execute(...call);
    } catch (error) {
      throw caughtError(error);
    }
  }

  close(): Promise<void> {
    return this.database.close();
  }
}

function checked(command: Command, sent: SentInput): CommandInput {
  return {
    params: command.input.params.parse(sent.params ?? {}),
    query: command.input.query.parse(sent.query ?? {}),
    body: command.input.body.parse(sent.body ?? {}),
  };
}
