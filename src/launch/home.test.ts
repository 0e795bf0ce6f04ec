import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { jobHome } from './home.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-homes-'))
  vi.stubEnv('TMPDIR', folder)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

const planes = { postgres: { credential: 'gs_pg_1', user: 'run_one' } }
const make = (env = {}) => jobHome({ run: 'run_one', planes, gatewayHost: 'gw', ca: undefined, env })

/** A home folder that somebody left. @param owner what it says of its launcher */
function left(name: string, owner: string, age = 0): string {
  const home = join(folder, `gatescribe-run-${name}`)
  mkdirSync(join(home, '.gatescribe'), { recursive: true })
  writeFileSync(join(home, '.gatescribe/launcher.pid'), owner)
  const then = new Date(Date.now() - age)
  utimesSync(home, then, then)
  return home
}

/** Beyond what a system gives to processes. */
const NOBODY = 4_194_305
const DAY = 24 * 3_600_000

it('removes homes of launchers that are gone, and of no other', () => {
  const first = make()
  const where = readFileSync(join(first.files.home, '.gatescribe/launcher.pid'), 'latin1').replace(/^\d+ /, '')
  const [gone, live] = [left('gone', `${NOBODY} ${where}`), left('live', `${process.pid} ${where}`)]
  const elsewhere = left('elsewhere', `${NOBODY} pid:[1]`)
  const [shell, old] = [left('shell', 'none'), left('old', 'none', DAY + 60_000)]
  const second = make()
  expect([gone, live, elsewhere, shell, old].map((path) => existsSync(path))).toEqual([false, true, true, true, false])
  expect(existsSync(first.files.home)).toBe(true)
  first.remove()
  second.remove()
  expect(existsSync(first.files.home)).toBe(false)
})

it('follows no link that stands where a home was', () => {
  const kept = join(folder, 'kept')
  mkdirSync(join(kept, '.gatescribe'), { recursive: true })
  writeFileSync(join(kept, '.gatescribe/launcher.pid'), `${NOBODY} x`)
  symlinkSync(kept, join(folder, 'gatescribe-run-link'))
  const home = make()
  rmSync(home.files.home, { recursive: true })
  symlinkSync(kept, home.files.home)
  home.remove()
  expect(existsSync(join(kept, '.gatescribe/launcher.pid'))).toBe(true)
})

it('names no home of the caller that would be two lines of a file', () => {
  const home = make({ HOME: '/home/a\nLD_PRELOAD=/evil.so' })
  expect(home.variables).toEqual({})
  home.remove()
})
