import { expect, it } from 'vitest'
import { readClaims } from './read-claims.ts'

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

it('reads what clients say of themselves, whatever the case of its name, and several lists as one', () => {
  expect(
    readClaims([
      ['Accept', '*/*'],
      ['TraceParent', PARENT],
      ['tracestate', 'a=1'],
      ['Tracestate', 'b=2'],
      ['baggage', 'userId=alice'],
      ['Kubectl-Command', 'kubectl get'],
      ['Kubectl-Session', '7d7f'],
      ['X-Gatescribe-Agent', 'planner'],
      ['X-Other', 'x'],
    ]),
  ).toEqual({
    baggage: 'userId=alice',
    'kubectl-command': 'kubectl get',
    'kubectl-session': '7d7f',
    traceparent: PARENT,
    tracestate: 'a=1,b=2',
    'x-gatescribe-agent': 'planner',
  })
})

it('reads nothing where nothing is said, or a traceparent is said twice', () => {
  expect(readClaims([['accept', '*/*']])).toBeUndefined()
  expect(readClaims([['traceparent', PARENT], ['traceparent', PARENT]])).toBeUndefined() // biome-ignore format: pairs
})
