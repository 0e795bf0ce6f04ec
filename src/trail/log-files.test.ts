import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { folderLogFiles } from './log-files.ts'

vi.mock('node:fs', { spy: true })

let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'gatescribe-log-files-'))
})
afterEach(() => {
  fs.rmSync(folder, { recursive: true })
  vi.clearAllMocks()
})

/** What was opened and synced since, by name. */
function watched(): { readonly synced: () => string[] } {
  const names = new Map<number, string>()
  const synced: string[] = []
  const opens = vi.mocked(fs.openSync).mock.results.length
  vi.mocked(fs.fsync).mockImplementation(((file: number, done: (error: Error | null) => void) => {
    const { calls, results } = vi.mocked(fs.openSync).mock
    for (let at = opens; at < calls.length; at++) names.set(results[at]?.value as number, calls[at]?.[0] as string)
    synced.push(names.get(file) ?? '')
    setImmediate(done, null)
  }) as never)
  return { synced: () => synced.map((name) => name.slice(folder.length + 1)) }
}

const many = Array.from({ length: 150 }, (_, n) => ({ path: `log/tile/${n % 2}/${n}`, bytes: Buffer.from(`${n}`) }))

it('has synced every file and every folder that it wrote to when it says so', async () => {
  const files = folderLogFiles(folder)
  const { synced } = watched()
  await files.write(many)
  expect(synced().sort()).toEqual([...many.map(({ path }) => path), 'log/tile/0', 'log/tile/1'].sort())
  expect((await files.read('log/tile/1/149'))?.toString()).toBe('149')
})

it('has synced the folders that it removed from when it says so', async () => {
  const files = folderLogFiles(folder)
  await files.write(many)
  const { synced } = watched()
  await files.remove(['log/tile/0/0', 'log/tile/0/2', 'log/tile/1/1.p', 'log/nothing/there'])
  expect(synced().sort()).toEqual(['log/tile/0', 'log/tile/1'])
  expect(await files.read('log/tile/0/0')).toBeUndefined()
})

it('says which sync failed only when none runs any more, and closes everything', async () => {
  const files = folderLogFiles(folder)
  let running = 0
  vi.mocked(fs.fsync).mockImplementation(((file: number, done: (error: Error | null) => void) => {
    running++
    setTimeout(() => {
      running--
      done(file % 5 === 0 ? Object.assign(new Error('EIO'), { code: 'EIO' }) : null)
    }, file % 7)
  }) as never)
  const opened = vi.mocked(fs.openSync).mock.calls.length - vi.mocked(fs.closeSync).mock.calls.length
  await expect(files.write(many)).rejects.toMatchObject({ code: 'EIO' })
  expect(running).toBe(0)
  expect(vi.mocked(fs.openSync).mock.calls.length - vi.mocked(fs.closeSync).mock.calls.length).toBe(opened)
})
