import { HTTP_PROBLEMS, HttpProblem } from '#infra/runtime/http/problem.ts';
import { MEDIA_TYPES, type SoapVersion } from './envelope.ts';

/**
 * How envelopes travel. Another encoding of the same envelopes, such as WCF's binary one (application/soap+msbin1, MC-NBFS), is one more
 * entry: nothing behind it sees bytes.
 */
export interface EnvelopeCodec {
  readonly mediaType: string;
  /** @throws 400 for bytes that are no envelope. */
  decode(bytes: Buffer): string;
  encode(xml: string): Buffer;
  /** Content-Type of the answer. */
  contentType(version: SoapVersion): string;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** XML text in UTF-8, whichever of the two media types it came with. */
function textCodec(mediaType: string): EnvelopeCodec {
  return {
    mediaType,
    decode(bytes) {
      const text = utf8(bytes);
      const [, encoding] = /^<\?xml[^>]*\sencoding\s*=\s*["']([^"']*)["']/.exec(text) ?? [];
      if (encoding !== undefined && encoding.toLowerCase() !== 'utf-8') throw notUtf8();
      return text;
    },
    encode: (xml) => Buffer.from(xml, 'utf8'),
    contentType: (version) => `${MEDIA_TYPES[version]}; charset=utf-8`,
  };
}

function utf8(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw notUtf8();
  }
}

const notUtf8 = (): HttpProblem => new HttpProblem(HTTP_PROBLEMS.malformed, { detail: 'The message is not in UTF-8.' });

export const ENVELOPE_CODECS: readonly EnvelopeCodec[] = Object.values(MEDIA_TYPES).map(textCodec);
