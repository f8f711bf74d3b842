import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkXml, XML_LIMITS } from '#connectors/commands/soap/xmlGuard.ts';
import { hasProblem } from './problemOf.ts';

const nested = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth);

describe('the guard before the XML parser', () => {
  it.each([
    '<a/>',
    '<?xml version="1.0" encoding="utf-8"?>\n<s:a xmlns:s="u" b=\'c\'>x &amp; &#233; &#xe9;<b/> <!-- note --></s:a>\n',
    '<a b = "1" c="&lt;"></a >',
    nested(XML_LIMITS.depth),
  ])('lets plain XML through: %s', (xml) => {
    expect(() => checkXml(xml)).not.toThrow();
  });

  it.each([
    ['', 'does not end'],
    ['text', 'outside'],
    ['<a>', 'does not end'],
    ['<a></b>', 'match'],
    ['</a>', 'match'],
    ['<a/><b/>', 'second root'],
    ['<a/>tail', 'outside'],
    ['<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', 'markup'],
    ['<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', 'markup'],
    ['<a>&e;</a>', 'entity'],
    ['<a b="&e;"/>', 'entity'],
    ['<a><![CDATA[<b/>]]></a>', 'markup'],
    ['<a><?php 1?></a>', 'markup'],
    ['<a b="1" b="2"/>', 'twice'],
    ['<a href="#1"/>', 'references'],
    ['<__proto__/>', 'name'],
    ['<a constructor="1"/>', 'name'],
    ['<s:prototype/>', 'name'],
    ['<a>\u0000</a>', 'character'],
    ['<a>\ud800</a>', 'character'],
    ['<a b=1/>', 'markup'],
    ['<a <b/>', 'markup'],
    [nested(XML_LIMITS.depth + 1), 'deep'],
    [`<a>${'<b/>'.repeat(XML_LIMITS.elements)}</a>`, 'too many elements'],
    [`<a ${Array.from({ length: 21 }, (_, i) => `b${i}=""`).join(' ')}/>`, 'attributes'],
    [`<${'a'.repeat(101)}/>`, 'name'],
  ])('refuses %s', (xml, reason) => {
    expect(hasProblem(() => checkXml(xml), 400)).toContain(reason);
  });

  it('takes any text at all in time that grows with its length', () => {
    for (const piece of ['<', '<a', '<a b="', '<!--', '<a b=', '&', '<!---', '<a b="1" '])
      expect(hasProblem(() => checkXml(piece.repeat(65_536 / piece.length)), 400)).toBeDefined();
  });

  it('never throws anything but its own refusal', () => {
    const alphabet = fc.constantFrom(
      '<',
      '>',
      '/',
      'a',
      ':',
      '"',
      "'",
      '=',
      ' ',
      '&',
      ';',
      '!',
      '-',
      '[',
      ']',
      '?',
      '#',
      'x',
      '1',
    );
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 60 }), (xml) => {
        expect(hasProblem(() => checkXml(xml), 400)).not.toBe('another error');
      }),
      { numRuns: 2000 },
    );
  });
});
