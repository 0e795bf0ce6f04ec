import { expect, it } from 'vitest'
import type { ToolView } from '../pins/index.ts'
import { pinFindings } from './pinning.ts'

const found = (...standings: readonly ToolView['standing'][]) =>
  pinFindings({ list: () => standings.map((standing, n) => ({ resource: 'tickets', name: `tool-${n}`, standing })) }, 'tickets')

it('says what waits for somebody who looks at it, and how to', () => {
  expect(found()).toEqual([])
  expect(found('pinned', 'pinned')).toEqual([{ subject: 'tools of tickets', level: 'ok', found: '2 are pinned' }])
  expect(found('pinned', 'unpinned')).toMatchObject([{ level: 'warn', found: '1 are not pinned, and refused' }])
  expect(found('changed', 'unpinned')).toMatchObject([{ level: 'warn', next: expect.stringContaining('gatescribe tools diff tickets') }])
})
