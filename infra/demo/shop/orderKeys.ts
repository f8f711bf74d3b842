import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * Order numbers can be guessed, so an order's status is shown only to whoever holds the key that was given out when it was placed.
 * Keys are valid as long as this process lives.
 */
export class OrderKeys {
  readonly #secret = randomBytes(32);

  issue(orderId: string): string {
    return createHmac('sha256', this.#secret).update(orderId).digest('base64url');
  }

  check(orderId: string, key: string | null): boolean {
    const expected = Buffer.from(this.issue(orderId));
    const found = Buffer.from(key ?? '');
    return expected.length === found.length && timingSafeEqual(expected, found);
  }
}
