import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { claimsOf, joinClaims, traceIdOf } from './claims.ts'

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

describe('claims', () => {
  it('are kept by name in order, in lower case names only, without what controls a terminal', () => {
    const said = claimsOf([
      ['x-gatescribe-step', ' three\u001b[31m '],
      ['agent', 'planner'],
      ['Odd', 'x'],
      ['empty', ' \t'],
    ])
    expect(said).toEqual({ agent: 'planner', 'x-gatescribe-step': 'three [31m' })
    expect(Object.keys(said ?? {})).toEqual(['agent', 'x-gatescribe-step'])
    expect(claimsOf([])).toBeUndefined()
  })

  it('are few and short, and none is kept that is said twice', () => {
    const many = claimsOf(Array.from({ length: 99 }, (_, at) => [`n${at}`, 'x'.repeat(9_999)] as const))
    expect(Object.values(many ?? {}).map(({ length }) => length)).toEqual(Array(16).fill(512))
    expect(claimsOf([PARENT, PARENT].map((value) => ['traceparent', value] as const))).toBeUndefined()
  })

  it.each([
    [PARENT, PARENT],
    ['cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more', 'cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
    [`${PARENT}-more`, undefined],
    [PARENT.toUpperCase(), undefined],
    [PARENT.replace(/^00/, 'ff'), undefined],
    [PARENT.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32)), undefined],
    [PARENT.replace('b7ad6b7169203331', '0'.repeat(16)), undefined],
    [PARENT.slice(0, -1), undefined],
    ['', undefined],
  ])('have a traceparent only where it is one: %s', (text, kept) => {
    expect(claimsOf([['traceparent', text]])?.traceparent).toBe(kept)
    expect(traceIdOf(text)).toBe(kept?.slice(3, 35))
  })

  it.each([
    ['rojo=00f067aa0ba902b7,congo=t61rcWkgMzE', true],
    ['a=1 , ,b@c=2', true],
    ['a', false],
    ['A=1', false],
    ['a=b=c', false],
    [Array(33).fill('a=1').join(','), false],
  ])('have a tracestate only where it is one, and with its traceparent: %s', (text, kept) => {
    expect(claimsOf([['traceparent', PARENT], ['tracestate', text]])?.tracestate).toBe(kept ? text : undefined) // biome-ignore format: pairs
    expect(claimsOf([['tracestate', text]])).toBeUndefined()
  })

  it('whatever is said, are soon read and come out as they would again', () => {
    const piece = fc.constantFrom('a', '=', ' ', ',', '\t', '0'.repeat(300), '00-', PARENT, 'é', '\u0000')
    const value = fc.array(piece, { maxLength: 80 }).map((pieces) => pieces.join(''))
    const name = fc.constantFrom('traceparent', 'tracestate', 'baggage', 'agent', 'x-gatescribe-a', '__proto__', 'constructor')
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 20 }), (said) => {
        const claims = claimsOf(said)
        expect(JSON.stringify(claims ?? {}).length).toBeLessThan(20_000)
        if (claims) expect(claimsOf(Object.entries(claims))).toEqual(claims)
      }),
    )
  })

  it('of a plane win over those of a header', () => {
    const other = PARENT.replace('b7ad', 'ffff')
    expect(joinClaims({ traceparent: PARENT, tracestate: 'a=1' }, { traceparent: other })).toEqual({
      traceparent: other,
      tracestate: 'a=1',
    })
    expect(joinClaims(undefined, { agent: 'a' })).toEqual({ agent: 'a' })
    expect(joinClaims({ agent: 'a' }, undefined)).toEqual({ agent: 'a' })
  })
})
