import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { InMemoryOperator } from '../../test/parts/operator.ts'
import { serveLocally } from '../../test/parts/served-locally.ts'
import { testSurroundings } from '../../test/parts/surroundings.ts'
import type { ShownBreakGlass } from '../breakglass/index.ts'
import { BreakGlassError } from '../breakglass/index.ts'
import { run } from './main.ts'

let folder: string
let operator: InMemoryOperator
let remove: () => Promise<void>

beforeEach(async () => {
  ;({ folder, operator, remove } = await serveLocally())
})
afterEach(() => remove())

const glass: ShownBreakGlass = {
  ...{ id: 'bgl_01', state: 'closed', why: 'expired', by: 'AbCdEfGhIjKlMnOpQrStUv', confirmedBy: 'ZbCdEfGhIjKlMnOpQrStUv' },
  ...{
    resources: ['orders-db', 'users-db'],
    minutes: 30,
    requestedAt: Date.UTC(2026, 10, 23, 12),
    expiresAt: Date.UTC(2026, 10, 23, 12, 15),
  },
  ...{ openedAt: Date.UTC(2026, 10, 23, 12, 1), until: Date.UTC(2026, 10, 23, 12, 31), endedAt: Date.UTC(2026, 10, 23, 12, 31) },
  ...{ asker: { displayName: 'Ada\u001b[2J' }, reason: 'orders are stuck', confirmer: { displayName: 'Bob' } },
}

async function gatescribe(...words: readonly string[]) {
  const surroundings = testSurroundings({ folder, env: { XDG_CONFIG_HOME: folder } })
  const code = await run(['breakglass', ...words], surroundings)
  return { code, ...surroundings.printed }
}

describe('breakglass', () => {
  it('lists what there was, or what awaits review, and shows who and why without what a terminal would obey', async () => {
    operator.glasses.push(glass, { ...glass, id: 'bgl_02', state: 'open' })
    expect((await gatescribe('ls')).out).toMatch(
      /^REQUEST.*\nbgl_01 +closed +orders-db, users-db +AbCd\w+ +ZbCd\w+ +2026-.*12:31:00Z\nbgl_02 /,
    )
    expect((await gatescribe('ls', '--unreviewed')).out).not.toContain('bgl_02')
    const { out } = await gatescribe('show', 'bgl_01')
    expect(out).toContain('because       orders are stuck\n')
    expect(out).toContain('confirmed by  Bob (Zb')
    expect(out).not.toContain('\u001b')
    expect(JSON.parse((await gatescribe('show', 'bgl_01', '--json')).out)).toMatchObject({
      reason: 'orders are stuck',
      until: '2026-11-23T12:31:00.000Z',
    })
  })

  it('closes over the local socket too; a person asks, confirms and reviews', async () => {
    operator.glasses.push(glass)
    expect(await gatescribe('close', 'bgl_01', '--reason', 'done')).toMatchObject({
      code: 0,
      out: 'bgl_01 is closed, and awaits review: gatescribe breakglass review bgl_01\n',
    })
    for (const words of [
      ['request', 'orders-db', '--reason', 'x'],
      ['confirm', 'bgl_01'],
      ['review', 'bgl_01', '--note', 'x'],
    ])
      expect(await gatescribe(...words)).toMatchObject({ code: 7, err: expect.stringContaining('GS_CLI_NOT_SIGNED_IN') })
    expect(operator.brokenBy).toEqual([{ step: 'close', said: { id: 'bgl_01', reason: 'done' } }])
  })

  it('says what stands in the way, and what is written wrongly', async () => {
    operator.glasses.push(glass)
    expect(await gatescribe('show', 'bgl_99')).toMatchObject({ code: 4, err: expect.stringContaining('GS_BREAKGLASS_UNKNOWN') })
    operator.fail('closeBreakGlass', new BreakGlassError('GS_BREAKGLASS_OVER'))
    expect(await gatescribe('close', 'bgl_01', '--json')).toMatchObject({
      code: 1,
      err: expect.stringContaining('"code":"GS_BREAKGLASS_OVER"'),
    })
    for (const minutes of ['61', '0', '1.5', '-1', 'ten'])
      expect(await gatescribe('request', 'orders-db', '--reason', 'x', '--minutes', minutes)).toMatchObject({ code: 2 })
    expect(await gatescribe('request', 'orders-db')).toMatchObject({ code: 2, err: expect.stringContaining('--reason') })
    expect(await gatescribe('request', '--reason', 'x')).toMatchObject({ code: 2 })
    expect(await gatescribe('review', 'bgl_01')).toMatchObject({ code: 2, err: expect.stringContaining('--note') })
  })
})
