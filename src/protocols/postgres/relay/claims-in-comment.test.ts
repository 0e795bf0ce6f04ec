import { expect, it } from 'vitest'
import { claimsInComment } from './claims-in-comment.ts'

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const read = (text: string) => claimsInComment(Buffer.from(text))

it.each([
  [`SELECT 1 /*traceparent='${PARENT}'*/`, { traceparent: PARENT }],
  [`/* db_driver='psycopg', traceparent='${PARENT}',tracestate='a%3D1' */ SELECT 1`, { traceparent: PARENT, tracestate: 'a=1' }],
  [`SELECT 1 /* a */ /*traceparent='${PARENT}'*/`, { traceparent: PARENT }],
  [`SELECT 1 /*traceparent='${PARENT.slice(1)}'*/`, undefined],
  [`SELECT '/*traceparent=''${PARENT}''*/'`, undefined],
  [`SELECT 1 /*xtraceparent='${PARENT}'*/`, undefined],
  [`SELECT 1 /*traceparent='%'*/`, undefined],
  ['SELECT 1', undefined],
  ['*/', undefined],
  ['/*', undefined],
  ['', undefined],
])('reads the trace in the comment of a driver: %s', (text, claims) => expect(read(text)).toEqual(claims))

it('looks no farther than a little', () => {
  expect(read(`/*${' '.repeat(600)}traceparent='${PARENT}'*/ SELECT 1`)).toBeUndefined()
  expect(read(`${'x'.repeat(1_000_000)} /*traceparent='${PARENT}'*/`)).toEqual({ traceparent: PARENT })
})
