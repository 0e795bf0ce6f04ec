import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalPath, canonicalQuery } from './canonical-target.ts'

describe('a path', () => {
  it.each([
    ['/', '/'],
    ['/a/b', '/a/b'],
    ['/a/', '/a/'],
    ['/%61%2D%7e', '/a-~'],
    ['/%c3%a4', '/%C3%A4'],
    ['/a:b@c,d=e+f', '/a:b@c,d=e+f'],
    ['/...', '/...'],
  ])('%s is %s', (raw, canonical) => {
    expect(canonicalPath(raw)).toBe(canonical)
  })

  it.each([
    '',
    'a',
    '//',
    '/a//b',
    '/.',
    '/a/..',
    '/%2e',
    '/a/.%2E/b',
    '/a%2fb',
    '/a%5Cb',
    '/a\\b',
    '/a;b',
    '/a%3bb',
    '/%',
    '/%4',
    '/%g0',
    '/%00',
    '/%ff',
    '/%c0%af',
    '/a b',
    '/ä',
    '/a?b',
    '/a#b',
    '/a"',
    '/a|b',
  ])('%j has no one form', (raw) => {
    expect(canonicalPath(raw)).toBeUndefined()
  })

  it('has one form that is its own, and that URL parsers leave as it is', () => {
    const piece = fc.constantFrom(
      'a',
      'B',
      '.',
      '..',
      '/',
      '%2e',
      '%2F',
      '%41',
      '%c3%a4',
      '%zz',
      '%',
      ';',
      '~',
      ':',
      '@',
      '\\',
      '\t',
      'ä',
      '%00',
      '%5c',
    )
    let canonical = 0
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const path = canonicalPath(`/${pieces.join('')}`)
        if (path === undefined) return
        canonical += 1
        expect(canonicalPath(path)).toBe(path)
        expect(new URL(`http://a${path}`).pathname).toBe(path)
        expect(decodeURIComponent(path).split('/').length).toBe(path.split('/').length)
      }),
      { numRuns: 3_000, seed: 20261127 },
    )
    expect(canonical).toBeGreaterThan(150)
  })
})

describe('a query', () => {
  it('has one form that is its own', () => {
    const piece = fc.constantFrom(
      'a',
      '=',
      '&',
      '%61',
      '%26',
      '%3d',
      '+',
      '[',
      ']',
      '"',
      '%',
      '%2',
      '#',
      ' ',
      '%c3%a4',
      '%ff',
      '%00',
      '|',
      '/',
      '?',
    )
    let canonical = 0
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const query = canonicalQuery(pieces.join(''))
        if (query === undefined) return
        canonical += 1
        expect(canonicalQuery(query)).toBe(query)
        expect([...new URLSearchParams(query)]).toEqual([...new URLSearchParams(pieces.join(''))])
      }),
      { numRuns: 3_000, seed: 20261127 },
    )
    expect(canonical).toBeGreaterThan(300)
  })
})
