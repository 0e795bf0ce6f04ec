import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const COMMAND = fileURLToPath(new URL('../../bin/gatescribe.js', import.meta.url))

describe('what Node keeps of compiled code', () => {
  let home: string
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'gatescribe-compiled-'))
  })
  afterEach(() => rmSync(home, { recursive: true, force: true }))

  const run = (env: Record<string, string>) => execFileSync(process.execPath, [COMMAND, '--version'], { env, encoding: 'utf8' })
  const kept = () => join(home, 'gatescribe', 'compiled')

  it('is in a folder that only this user can write to', () => {
    run({ XDG_CACHE_HOME: home })
    expect(statSync(kept()).mode & 0o777).toBe(0o700)
    expect(readdirSync(kept())).not.toEqual([])
  })

  it('is in the home folder where the environment names no other place', () => {
    run({ HOME: home })
    expect(readdirSync(join(home, '.cache', 'gatescribe', 'compiled'))).not.toEqual([])
  })

  it('is neither read nor written in a folder that others can write to', () => {
    mkdirSync(kept(), { recursive: true })
    chmodSync(kept(), 0o770)
    run({ XDG_CACHE_HOME: home })
    expect(readdirSync(kept())).toEqual([])
  })

  it('does not follow a link to elsewhere', () => {
    const elsewhere = join(home, 'elsewhere')
    mkdirSync(elsewhere)
    mkdirSync(join(home, 'gatescribe'))
    symlinkSync(elsewhere, kept())
    run({ XDG_CACHE_HOME: home })
    expect(readdirSync(elsewhere)).toEqual([])
  })

  it.each([{ HOME: '/proc/nowhere' }, { XDG_CACHE_HOME: '/dev/null' }])('is done without where there is no room for it: %o', (env) => {
    expect(run(env)).toMatch(/^\d+\.\d+\.\d+/)
  })

  it('is left to the operator who names a folder', () => {
    const named = join(home, 'named')
    run({ HOME: home, NODE_COMPILE_CACHE: named })
    expect(existsSync(join(home, '.cache'))).toBe(false)
    expect(readdirSync(named)).not.toEqual([])
  })
})
