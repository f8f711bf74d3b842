import { connect } from 'node:net';

/** Metadata request version 1 for no topic at all: size, api key 3, version 1, correlation id 1, client id null, empty topic list. */
const REQUEST = Buffer.from([0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0]);
/** Size, correlation id, number of brokers. */
const ANSWER_HEAD_BYTES = 12;

/**
 * True when the broker lists itself as alive: from then on topics can be made. (It answers connections a little earlier.)
 * Layout: Kafka protocol guide, Metadata API version 1.
 */
export function brokerIsAlive(port: number, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: '127.0.0.1', port, signal });
  let answer = Buffer.alloc(0);
  const settle = (alive: boolean): void => {
    socket.destroy();
    resolve(alive);
  };
  socket.once('connect', () => socket.write(REQUEST));
  socket.on('data', (chunk) => {
    answer = Buffer.concat([answer, chunk]);
    if (answer.length >= ANSWER_HEAD_BYTES) settle(answer.readInt32BE(8) > 0);
  });
  socket.once('error', () => settle(false));
  socket.once('close', () => settle(false));
  return promise;
}
