import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { loadConfig } from './load.ts'
import { type ConfigChange, watchConfig } from './watch.ts'

const example = readFileSync(new URL('../../docs/examples/gatescribe.yaml', import.meta.url), 'utf8')
const noSay = example.replace(/ {4}say: .*\n/, '')
let folder: string
let stop: AbortController
let changes: ConfigChange[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-watch-'))
  stop = new AbortController()
  changes = []
})
afterEach(() => {
  stop.abort()
  rmSync(folder, { recursive: true, force: true })
})

/** Polling is put out of reach, so that what is seen is what the folder told, unless a test asks otherwise. */
const start = (path: string, poll = 3_600_000) =>
  watchConfig({
    path,
    env: {},
    current: loadConfig(path, {}),
    onChange: (change) => changes.push(change),
    signal: stop.signal,
    debounce: 20,
    poll,
  })
const told = (count: number) => vi.waitFor(() => expect(changes).toHaveLength(count), { timeout: 5_000, interval: 10 })

it('takes a file that another was renamed over, as editors do, again and again', async () => {
  const path = join(folder, 'gatescribe.yaml')
  writeFileSync(path, example)
  start(path)
  for (const [round, text] of [noSay, example, noSay].entries()) {
    writeFileSync(join(folder, '.new'), text)
    renameSync(join(folder, '.new'), path)
    await told(round + 1)
    expect(changes.at(-1)).toMatchObject({ ok: true, loaded: { text }, difference: { changed: ['rules'], restart: [] } })
  }
})

it('takes a file whose folder was turned by a symbolic link, as Kubernetes does', async () => {
  for (const [name, text] of [
    ['..1', example],
    ['..2', noSay],
  ] as const) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'gatescribe.yaml'), text)
  }
  symlinkSync('..1', join(folder, '..data'))
  symlinkSync('..data/gatescribe.yaml', join(folder, 'gatescribe.yaml'))
  start(join(folder, 'gatescribe.yaml'))
  symlinkSync('..2', join(folder, '..tmp'))
  renameSync(join(folder, '..tmp'), join(folder, '..data'))
  rmSync(join(folder, '..1'), { recursive: true })
  await told(1)
  expect(changes[0]).toMatchObject({ ok: true, loaded: { text: noSay } })
})

it('follows a link to a file in another folder', async () => {
  mkdirSync(join(folder, 'elsewhere'))
  writeFileSync(join(folder, 'elsewhere/real.yaml'), example)
  symlinkSync('elsewhere/real.yaml', join(folder, 'gatescribe.yaml'))
  start(join(folder, 'gatescribe.yaml'))
  writeFileSync(join(folder, 'elsewhere/real.yaml'), noSay)
  await told(1)
  expect(changes[0]!.ok).toBe(true)
})

it('refuses a broken file whole, says so once, and takes the next good one', async () => {
  const path = join(folder, 'gatescribe.yaml')
  writeFileSync(path, example)
  start(path, 50)
  writeFileSync(path, example.replace('effect: allow', 'effect: permit'))
  await told(1)
  expect(changes[0]).toMatchObject({ ok: false, error: { code: 'GS_CONFIG_WRONG_VALUE' } })
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(changes).toHaveLength(1)
  writeFileSync(path, noSay)
  await told(2)
  expect(changes[1]!.ok).toBe(true)
})

it('refuses what cannot change while the gateway runs, by line, and takes nothing else of that file', async () => {
  const path = join(folder, 'gatescribe.yaml')
  writeFileSync(path, example)
  const watch = start(path)
  const text = noSay.replace('postgres: 0.0.0.0:5432', 'postgres: 0.0.0.0:5433').replace('file:./master.key', 'file:./other.key')
  writeFileSync(path, text)
  await told(1)
  expect(changes[0]).toMatchObject({
    ok: false,
    error: {
      code: 'GS_CONFIG_RESTART_NEEDED',
      problems: [
        { path: 'gateway.listen.postgres', line: 6, column: 15 },
        { path: 'gateway.masterKey', line: 9, column: 14 },
      ],
    },
  })
  writeFileSync(path, example)
  watch.reload()
  expect(changes).toHaveLength(1)
})

it('reads at once when asked, and reports a file that is broken still', () => {
  const path = join(folder, 'gatescribe.yaml')
  writeFileSync(path, example)
  const watch = start(path)
  watch.reload()
  expect(changes).toEqual([])
  rmSync(path)
  watch.reload()
  watch.reload()
  expect(changes.map((change) => change.ok || change.error.code)).toEqual(['GS_CONFIG_UNREADABLE', 'GS_CONFIG_UNREADABLE'])
})

it('sees no change in comments and order, though the digest is another', () => {
  const path = join(folder, 'gatescribe.yaml')
  writeFileSync(path, example)
  const watch = start(path)
  writeFileSync(path, `${example}# a comment\n`)
  watch.reload()
  expect(changes).toMatchObject([{ ok: true, difference: { changed: [], restart: [] } }])
})

it('is silent once it was stopped', async () => {
  const path = join(folder, 'gatescribe.yaml')
  writeFileSync(path, example)
  const watch = start(path, 20)
  stop.abort()
  writeFileSync(path, noSay)
  watch.reload()
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(changes).toEqual([])
})

it('tells of a file that makes reading fail in a way that nobody foresaw, rather than end the process from within a timer', async () => {
  const path = join(folder, 'gatescribe.yaml')
  writeFileSync(path, example)
  const current = loadConfig(path, {})
  const env = new Proxy<Record<string, string>>(
    {},
    {
      get: () => {
        throw new TypeError('hunter2')
      },
    },
  )
  watchConfig({ path, env, current, onChange: (change) => changes.push(change), signal: stop.signal, debounce: 20, poll: 3_600_000 })
  writeFileSync(path, example.replace('"secret:orders-ro"', 'env:ORDERS'))
  await told(1)
  expect(changes).toMatchObject([{ ok: false, error: { code: 'GS_CONFIG_UNREADABLE' } }])
  expect(changes.map((change) => !change.ok && change.error.message).join()).not.toContain('hunter2')
})
