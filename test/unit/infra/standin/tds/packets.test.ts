import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Message, PacketReader } from '#infra/standin/tds/packetReader.ts';
import { ProtocolError } from '#infra/standin/tds/protocol.ts';
import { TokenWriter } from '#infra/standin/tds/tokenWriter.ts';

function packet(type: number, status: number, body: Uint8Array): Buffer {
  const header = Buffer.from([type, status, 0, 0, 0, 0, 1, 0]);
  header.writeUInt16BE(body.length + 8, 2);
  return Buffer.concat([header, body]);
}

function readAll(bytes: Buffer, cuts: readonly number[], limit = 1_000_000): Message[] {
  const messages: Message[] = [];
  const reader = new PacketReader(limit, (message) => messages.push(message));
  let at = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const end = Math.min(bytes.length, Math.max(at, cut));
    reader.push(bytes.subarray(at, end));
    at = end;
  }
  reader.push(bytes.subarray(at));
  return messages;
}

describe('PacketReader', () => {
  it('joins packets into messages wherever the stream is cut', () => {
    const message = fc.array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), fc.array(fc.nat(500)), (messages, cuts) => {
        const stream = messages.flatMap((bodies) =>
          bodies.map((body, i) => packet(1, i === bodies.length - 1 ? 1 : 0, body)),
        );
        const read = readAll(Buffer.concat(stream), cuts);
        expect(read.map(({ body }) => body.toString('hex'))).toEqual(
          messages.map((bodies) => Buffer.concat(bodies).toString('hex')),
        );
      }),
    );
  });

  it('keeps the reset bit of the first packet and the ignore bit of the last', () => {
    const bytes = Buffer.concat([packet(1, 8, Buffer.of(1)), packet(1, 3, Buffer.of(2))]);
    expect(readAll(bytes, [])[0]!.status).toBe(11);
  });

  it.each([
    ['a packet shorter than its header', Buffer.from([1, 1, 0, 7, 0, 0, 1, 0])],
    [
      'a packet of another type inside a message',
      Buffer.concat([packet(1, 0, Buffer.of(1)), packet(3, 1, Buffer.of(1))]),
    ],
    ['a message beyond the limit', Buffer.concat([packet(1, 0, Buffer.alloc(600)), packet(1, 1, Buffer.alloc(600))])],
    ['endless empty packets', Buffer.concat(Array.from({ length: 200 }, () => packet(1, 0, Buffer.alloc(0))))],
  ])('refuses %s', (_name, bytes) => {
    expect(() => readAll(bytes, [], 1000)).toThrow(ProtocolError);
  });
});

describe('TokenWriter', () => {
  it('cuts a message into packets of the settled size, numbered from 1, the last one marked', async () => {
    const out = new PassThrough({ highWaterMark: 1_000_000 });
    const w = new TokenWriter(out, 60);
    w.packetBytes = 512;
    const content = Buffer.from(Array.from({ length: 3000 }, (_, i) => i & 0xff));
    w.bytes(content);
    await w.drain();
    w.endMessage();
    const sent = out.read() as Buffer;
    const packets: Buffer[] = [];
    for (let at = 0; at < sent.length; at += sent.readUInt16BE(at + 2))
      packets.push(sent.subarray(at, at + sent.readUInt16BE(at + 2)));
    expect(packets.map((p) => [p[0], p[1], p.length, p.readUInt16BE(4), p[6]])).toEqual([
      ...[1, 2, 3, 4, 5].map((id) => [4, 0, 512, 60, id]),
      [4, 1, 3000 - 5 * 504 + 8, 60, 6],
    ]);
    expect(Buffer.concat(packets.map((p) => p.subarray(8)))).toEqual(content);
  });

  it('sends one packet for an empty message', () => {
    const out = new PassThrough();
    new TokenWriter(out, 60).endMessage();
    expect((out.read() as Buffer).toString('hex')).toBe('04010008003c0100');
  });

  it('waits until a full stream has drained', async () => {
    const out = new PassThrough({ highWaterMark: 100 });
    const w = new TokenWriter(out, 60);
    w.bytes(Buffer.alloc(10_000));
    let waited = false;
    const draining = w.drain().then(() => {
      waited = true;
    });
    await Promise.resolve();
    expect(waited).toBe(false);
    out.resume();
    await draining;
  });

  it('stops waiting when the stream closes or the request is aborted', async () => {
    for (const stop of ['close', 'abort'] as const) {
      const out = new PassThrough({ highWaterMark: 100 });
      const w = new TokenWriter(out, 60);
      const abort = new AbortController();
      w.bytes(Buffer.alloc(10_000));
      const draining = w.drain(abort.signal);
      if (stop === 'close') out.destroy();
      else abort.abort();
      await draining;
    }
  });
});
