import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { needs } from '../parts/require.ts'
import { TestTrail } from '../parts/trail.ts'

it('forwards nothing on a disk that is really full, and resumes when there is room', async (test) => {
  const house = new TestTrail()
  const folder = join(house.folder, 'trail')
  mkdirSync(folder)
  const mount = (options: string) => spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status === 0
  const mounted = process.platform === 'linux' && process.getuid?.() === 0 && mount('size=1200k')
  onTestFinished(async () => {
    await house.close()
    if (mounted) spawnSync('umount', ['-l', folder])
    await house.remove()
  })
  needs(test, mounted, 'the right to mount a small tmpfs (root on Linux)')

  const trail = await house.open({ segmentBytes: 512 * 1024 })
  const append = (n: number) => trail.durable({ kind: 'log.read', fields: { n, filler: 'x'.repeat(20_000) } })
  let written = 0
  const refused = await (async () => {
    for (;;) {
      try {
        await append(written++)
      } catch (error) {
        return error
      }
    }
  })()
  expect(refused).toMatchObject({ code: 'GS_TRAIL_FULL' })
  expect(trail.state).toBe('full')
  expect(house.segments()).toEqual(['000000000001.wal', '000000000002.wal'])
  trail.note({ kind: 'gateway.stop', fields: {} })

  expect(spawnSync('mount', ['-o', 'remount,size=8m', folder]).status).toBe(0)
  await vi.waitUntil(() => trail.state === 'open', 5000)
  await append(-1)
  const kinds = (await house.entries({ from: -3 })).map(({ kind, fields }) => fields.n ?? kind)
  expect(kinds).toEqual(['gap', 'gateway.stop', -1])
  expect((await house.entries()).filter(({ kind }) => kind === 'log.read').length).toBe(written)
})
