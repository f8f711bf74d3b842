import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

const base = `${inject('stack').elasticsearch!.url}/stack-test-${process.pid}`;

async function call(method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(base + path, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const json: unknown = await answer.json();
  if (!answer.ok) throw new Error(JSON.stringify(json));
  return json;
}

async function tokens(request: object): Promise<string[]> {
  const answer = (await call('POST', '/_analyze', request)) as { tokens: { token: string }[] };
  return answer.tokens.map(({ token }) => token);
}

const ANALYSIS = {
  char_filter: { and: { type: 'mapping', mappings: ['& => and'] } },
  filter: {
    english: { type: 'stemmer', language: 'english' },
    same: { type: 'synonym_graph', synonyms: ['sneakers, running shoes', 'télé => television'] },
    same_flat: { type: 'synonym', synonyms: ['tv, television'] },
    beginnings: { type: 'edge_ngram', min_gram: 2, max_gram: 4 },
    parts: { type: 'word_delimiter_graph', preserve_original: true },
    compounds: {
      type: 'dictionary_decompounder',
      word_list: ['garten', 'schlauch', 'giess', 'kanne'],
      only_longest_match: true,
    },
  },
  tokenizer: { grams: { type: 'ngram', min_gram: 3, max_gram: 3, token_chars: ['letter', 'digit'] } },
  analyzer: {
    folded: { tokenizer: 'standard', filter: ['lowercase', 'asciifolding'] },
    page: { tokenizer: 'standard', char_filter: ['html_strip', 'and'], filter: ['lowercase', 'english'] },
    meant: { tokenizer: 'standard', filter: ['lowercase', 'asciifolding', 'english', 'same'] },
    flat: { tokenizer: 'standard', filter: ['lowercase', 'same_flat'] },
    begun: { tokenizer: 'keyword', filter: ['lowercase', 'beginnings'] },
    coded: { tokenizer: 'whitespace', filter: ['parts', 'unique'] },
    grammed: { tokenizer: 'grams' },
    german: { tokenizer: 'standard', filter: ['lowercase', 'german_normalization', 'compounds'] },
  },
  normalizer: { plain: { type: 'custom', filter: ['lowercase', 'asciifolding', 'trim'] } },
};

describe('the Elasticsearch of the stack', () => {
  beforeAll(() => call('PUT', '', { settings: { number_of_replicas: 0, analysis: ANALYSIS } }));
  afterAll(() => call('DELETE', ''));

  it('folds accents', async () => {
    expect(await tokens({ analyzer: 'folded', text: 'Crème Brûlée' })).toEqual(['creme', 'brulee']);
    expect(await tokens({ normalizer: 'plain', text: ' Crème ' })).toEqual(['creme']);
  });

  it('has one spelling of umlauts and takes compounds apart', async () => {
    expect(await tokens({ analyzer: 'german', text: 'Sättel Saettel Straße' })).toEqual([
      'sattel',
      'sattel',
      'strasse',
    ]);
    expect(await tokens({ analyzer: 'german', text: 'Gartenschlauch' })).toEqual([
      'gartenschlauch',
      'garten',
      'schlauch',
    ]);
    expect(await tokens({ analyzer: 'german', text: 'Gießkanne' })).toEqual(['giesskanne', 'giess', 'kanne']);
  });

  it('strips mark-up and stems', async () => {
    expect(await tokens({ analyzer: 'page', text: '<b>Running</b> shoes & socks' })).toEqual([
      'run',
      'shoe',
      'and',
      'sock',
    ]);
  });

  it('reads synonym rules as a person writes them, through the filters that stand before', async () => {
    expect((await tokens({ analyzer: 'meant', text: 'Sneakers' })).sort()).toEqual(['run', 'shoe', 'sneaker']);
    expect(await tokens({ analyzer: 'meant', text: 'TELE' })).toEqual(['televis']);
    expect((await tokens({ analyzer: 'flat', text: 'TV' })).sort()).toEqual(['television', 'tv']);
  });

  it('cuts beginnings and grams', async () => {
    expect(await tokens({ analyzer: 'begun', text: 'Drill' })).toEqual(['dr', 'dri', 'dril']);
    expect(await tokens({ analyzer: 'grammed', text: 'abcd ef' })).toEqual(['abc', 'bcd']);
  });

  it('splits codes and drops repetitions', async () => {
    expect(await tokens({ analyzer: 'coded', text: 'PSB-500 PSB' })).toEqual(['PSB-500', 'PSB', '500']);
  });

  it('finds a document over its synonym, accent and stem', async () => {
    await call('PUT', '/_mapping', {
      properties: { name: { type: 'text', analyzer: 'folded', search_analyzer: 'meant' } },
    });
    await call('PUT', '/_doc/1?refresh=true', { name: 'Television stand' });
    const found = (await call('POST', '/_search', { query: { match: { name: 'télé' } } })) as {
      hits: { total: { value: number } };
    };
    expect(found.hits.total.value).toBe(0);
    const folded = (await call('POST', '/_search', {
      query: { match: { name: { query: 'télévision', analyzer: 'folded' } } },
    })) as {
      hits: { total: { value: number } };
    };
    expect(folded.hits.total.value).toBe(1);
  });
});
