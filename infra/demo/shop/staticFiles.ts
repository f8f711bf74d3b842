import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SECURITY_HEADERS } from './answers.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** Paths the page draws by itself. */
const PAGE_PATH = /^\/(?:product\/[^/]{1,64}|basket|orders|order\/[^/]{1,32})?$/;

interface StaticFile {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
}

/** Serves the files of the page folder, read once at start; whatever is not among them does not exist. */
export class StaticFiles {
  readonly #files = new Map<string, StaticFile>();

  constructor(folder = fileURLToPath(new URL('page/', import.meta.url))) {
    for (const name of readdirSync(folder)) {
      const type = TYPES[extname(name)];
      if (type === undefined) continue;
      const body = readFileSync(`${folder}/${name}`);
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
      this.#files.set(`/${name}`, { body, type, etag });
    }
  }

  /** True when the path is a file of the page (or one of its views) and was answered. */
  serve(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    const file = this.#files.get(PAGE_PATH.test(path) ? '/index.html' : path);
    if (file === undefined) return false;
    const headers = { ...SECURITY_HEADERS, etag: file.etag, 'cache-control': 'no-cache' };
    if (request.headers['if-none-match'] === file.etag) {
      response.writeHead(304, headers).end();
      return true;
    }
    response.writeHead(200, { ...headers, 'content-type': file.type, 'content-length': file.body.length });
    response.end(request.method === 'HEAD' ? undefined : file.body);
    return true;
  }
}
