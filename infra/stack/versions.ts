/** Which release of each server is used. Redis is only the packaged one; a server on PATH goes first. */
export interface Versions {
  readonly kafka: string;
  readonly elasticsearch: string;
  readonly registry: string;
  readonly redis: string;
}

/** The oldest Java that any of the servers runs on. */
export const MIN_JAVA = 17;
/** The oldest Java for the newest release of each server. */
export const PREFERRED_JAVA = 21;
/** The newest Java with which the newest releases were tried. */
export const NEWEST_TRIED_JAVA = 25;

/** The newest releases that run on Java `major`: Elasticsearch 9 and Apicurio 3 want 21, what came before them 17. */
export function versionsFor(major: number): Versions {
  const current = major >= PREFERRED_JAVA;
  return {
    kafka: '4.4.0',
    elasticsearch: current ? '9.5.3' : '8.19.21',
    registry: current ? '3.3.3' : '2.6.13.Final',
    redis: '1.4.4',
  };
}
