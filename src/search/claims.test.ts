import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryLog } from '../../test/parts/memory-log.ts'
import { SearchedLog } from '../../test/parts/searched-log.ts'
import { tracesIn } from './claims.ts'

const [ONE, OTHER, THIRD] = ['0af7651916cd43dd8448eb211c80319c', '4bf92f3577b34da6a3ce929d0e0e4736', 'c0ffee00c0ffee00c0ffee00c0ffee00']
const claims = (trace: string) => JSON.stringify({ agent: 'planner', traceparent: `00-${trace}-b7ad6b7169203331-01` })

it('are traces of what is said as this version writes it, and none of anything else', () => {
  expect(tracesIn(Buffer.from(claims(ONE)))).toEqual([ONE])
  expect(tracesIn(Buffer.from(JSON.stringify([{ trace: ONE }, { trace: OTHER }, { trace: ONE }, { trace: 'x' }, 1, null])))).toEqual([
    ONE,
    OTHER,
  ])
  for (const text of ['', '{', 'null', '[[]]', '{"traceparent":1}', '{"traceparent":"00-1-2-3"}'])
    expect(tracesIn(Buffer.from(text))).toEqual([])
})

describe('a search by trace', () => {
  let log: MemoryLog
  let searched: SearchedLog
  beforeEach(() => {
    log = new MemoryLog()
    searched = new SearchedLog(log)
    log.run('run_1')
    log.session('ses_1', 'run_1')
    const key = 'key-of-ses_1'
    const intent = (fields: object, payloads: Record<string, string>) =>
      log.append(
        'operation.intent',
        { session: 'ses_1', ...fields },
        Object.entries(payloads).map(([name, content]) => ({ name, key, content })),
      )
    const decisions = [[1, 'allow', ['a-rule'], 'sha256:00']]
    intent({ ops: [[1, 1, 1], [2, 1, 1]], decisions, claims: [[2, 1]] }, { 'statement.1': 'select 1', 'claims.1': claims(ONE) }) // biome-ignore format: rows
    intent({ ops: [[3, 1, 1]], claims: [[3, 2]] }, { 'claims.2': claims(OTHER) })
    intent({ ops: [[4, 1, 1]], claims: [[4, 1]] }, {})
    intent({ ops: [[5, 1, 1]] }, {})
    log.append('run.spans', { run: 'run_1', spans: 1 }, [
      { name: 'spans', key, content: JSON.stringify([{ trace: THIRD }, { trace: ONE }]) },
    ])
  })
  afterEach(() => searched.remove())

  it('finds each operation of which that was said, also where it was said before, and spans', async () => {
    expect(await searched.found({ trace: ONE })).toEqual([2, 4, 6])
    expect(await searched.found({ trace: OTHER })).toEqual([3])
    expect(await searched.found({ trace: THIRD })).toEqual([6])
    expect(await searched.found({ trace: ONE, kind: 'operation' })).toEqual([2, 4])
    expect(await searched.found({ trace: ONE, decision: 'deny' })).toEqual([])
    expect((await searched.check()).differences).toBe(0)
  })

  it('finds nothing any more once what was said is erased', async () => {
    await searched.upToDate()
    log.destroyed.add('key-of-ses_1')
    await searched.index.forget(['key-of-ses_1'], () => undefined)
    expect(await searched.found({ trace: ONE })).toEqual([])
  })
})
