import { describe, expect, it } from 'vitest';
import { parseOptions, UsageError } from '#infra/standin/serverOptions.ts';

describe('parseOptions', () => {
  it('has a default for everything', () => {
    expect(parseOptions([], {})).toEqual({
      help: false,
      host: '127.0.0.1',
      port: 0,
      initFiles: [],
      captureIntervalMs: 100,
      tls: 'on',
      databases: [],
      trace: false,
      saPassword: undefined,
    });
  });

  it('takes values after a blank or an equals sign, and some options several times', () => {
    const args = [
      '--port=1500',
      '--init',
      'a.sql',
      '--init=b=c.sql',
      '--database',
      'EPOS',
      '--tls',
      'required',
      '--trace',
    ];
    expect(parseOptions(args, { STANDIN_SA_PASSWORD: 'secret' })).toMatchObject({
      port: 1500,
      initFiles: ['a.sql', 'b=c.sql'],
      databases: ['EPOS'],
      tls: 'required',
      trace: true,
      saPassword: 'secret',
    });
  });

  it.each([
    [['--prot', '1'], 'unknown option "--prot"'],
    [['--port'], '--port: a value is missing'],
    [['--port', '70000'], '--port: expected a whole number from 0 to 65535, found "70000"'],
    [['--capture-interval', '1s'], '--capture-interval: expected a whole number from 10 to 60000, found "1s"'],
    [['--tls', 'yes'], '--tls: expected off, on or required, found "yes"'],
    [['--database', 'a]b'], '--database: "a]b" is no regular name'],
  ])('says what is wrong: %o', (args, message) => {
    expect(() => parseOptions(args, {})).toThrow(new UsageError(message));
  });
});
