import { entry } from './entry.ts';

/** Error codes of redis. */
export const REDIS_ERRORS = {
  // infra/redis
  REDIS_UNREACHABLE: entry(
    'Redis does not answer.',
    'Check redis.url and that the server runs; Sluice goes on by itself when it is back.',
    true,
  ),
  REDIS_FULL: entry(
    'Redis is at its memory limit and refuses writes.',
    'Give it more memory (maxmemory) or remove other data; Sluice waits and loses nothing.',
    true,
  ),
  REDIS_REFUSED: entry(
    'Redis refused a command.',
    'See the reason in the message; check version (6.2 or newer) and rights.',
  ),
} as const;
