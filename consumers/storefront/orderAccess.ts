import type { FastifyRequest } from 'fastify';
import type { OrderStatus } from '#consumers/orders/orderTypes.ts';
import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import { bearerCredential, type ProvenToken, type TokenCheck } from '#infra/runtime/http/tokens.ts';

/** What a token must say beside whose orders it shows. */
export const ORDERS_SCOPE = 'orders:read';

/**
 * Who may read orders. They are personal and their numbers can be guessed, so nothing is shown without one of two proofs: a token of a
 * configured issuer (a customer's shows that customer's orders, one without a customer the shop's own server sends and shows all), or the
 * id of a command on the very order, which only its sender knows. Whose order it is stands in no answer.
 */
export class OrderAccess {
  readonly #tokens: TokenCheck;

  constructor(tokens: TokenCheck) {
    this.#tokens = tokens;
  }

  /**
   * What the request's token proves; null when it has none.
   * @throws 401 for one that proves nothing (a command id does not make it good), 403 without the scope, TOKEN_UNPROVEN (503)
   */
  async token(request: FastifyRequest): Promise<ProvenToken | null> {
    const { authorization } = request.headers;
    if (authorization === undefined) return null;
    const credential = bearerCredential(authorization);
    const proven = credential === undefined ? null : await this.#tokens.check(credential);
    if (proven === null) throw unauthenticated();
    if (!proven.scopes.includes(ORDERS_SCOPE))
      throw new HttpProblem(HTTP_PROBLEMS.forbidden, { facts: { scope: ORDERS_SCOPE } });
    return proven;
  }

  /** The token, or 401. */
  async required(request: FastifyRequest): Promise<ProvenToken> {
    const token = await this.token(request);
    if (token === null) throw unauthenticated();
    return token;
  }
}

/** Whether the token shows this order. */
export function showsOrder(token: ProvenToken, order: OrderStatus): boolean {
  return token.customer === undefined || token.customer === order.customerId;
}

/** @throws 403 for a customer's token that asks for another's orders, 422 for a server's that names no customer */
export function customerAskedFor(token: ProvenToken, customer: string | undefined): string {
  if (token.customer === undefined && customer === undefined)
    throw new HttpProblem(HTTP_PROBLEMS.validation, {
      errors: [{ pointer: 'query:/customer', detail: 'expected a customer: this token is not bound to one' }],
    });
  if (token.customer !== undefined && customer !== undefined && token.customer !== customer)
    throw new HttpProblem(HTTP_PROBLEMS.forbidden);
  return token.customer ?? customer!;
}

export function unauthenticated(): HttpProblem {
  return new HttpProblem(HTTP_PROBLEMS.unauthenticated, { headers: { 'www-authenticate': 'Bearer' } });
}
