import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { secretBytes, signedHeaders } from '#consumers/webhooks/signature.ts';
import { Secret } from '#infra/runtime/config/reference.ts';
import { hasCode } from '#infra/runtime/errors.ts';

const secretOf = (text: string): Secret => new Secret('environment variable HOOKS', () => text);
const BODY = '{"type":"order.created","data":{"name":"Grüße €"}}';

describe('the signature of a message', () => {
  it('is accepted by the package of the standard, with either secret while one is exchanged', () => {
    const texts = [32, 24, 64].map((size) => `whsec_${randomBytes(size).toString('base64')}`);
    const headers = signedHeaders(texts.map(secretOf), 'evt_1', Date.now(), BODY);
    for (const text of texts) expect(new Webhook(text).verify(BODY, headers)).toEqual(JSON.parse(BODY));
    expect(() => new Webhook(`whsec_${randomBytes(32).toString('base64')}`).verify(BODY, headers)).toThrow();
    expect(() => new Webhook(texts[0]!).verify(`${BODY} `, headers)).toThrow();
    expect(() => new Webhook(texts[0]!).verify(BODY, { ...headers, 'webhook-id': 'evt_2' })).toThrow();
  });

  it('equals the example of the specification', () => {
    // Source: Standard Webhooks reference libraries, test vector of `sign`.
    const secret = secretOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    const headers = signedHeaders([secret], 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330_000, '{"test": 2432232314}');
    expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it.each(['', 'whsec_', 'whsec_short', `whsec_${'A'.repeat(120)}`, 'not base64 at all, though long enough!!'])(
    'is not made with %o, and the error does not show it',
    (text) => {
      const error = (() => {
        try {
          return secretBytes(secretOf(text));
        } catch (thrown) {
          return thrown as Error;
        }
      })();
      expect(hasCode(error, 'WEBHOOK_SECRET_INVALID') || hasCode(error, 'CFG_SECRET_MISSING')).toBe(true);
      if (text.length > 6) expect(String(error)).not.toContain(text);
    },
  );
});
