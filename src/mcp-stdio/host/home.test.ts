import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeHome, sweepHomes } from './home.ts'

const account = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : undefined
let homes: string
beforeEach(() => {
  homes = mkdtempSync(join(tmpdir(), 'gatescribe-homes-'))
  chmodSync(homes, 0o711)
})
afterEach(() => rmSync(homes, { recursive: true, force: true }))

/** A home as one of a host that is gone. */
function left(): string {
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  const { path } = makeHome(homes, account)
  const gone = path.replace(`-${process.pid}-`, `-${pid}-`)
  renameSync(path, gone)
  return gone
}

describe('homes of a host that was killed', () => {
  it.runIf(process.platform === 'linux')('are gone with whoever lives there, and those of others stay', async () => {
    const [own, home] = [makeHome(homes, account).path, left()]
    const others = join(homes, basename(left()).replace(/[0-9a-f]{8}/, '00000000'))
    renameSync(join(homes, readdirSync(homes).find((name) => ![basename(own), basename(home)].includes(name))!), others)
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      ...{ detached: true, stdio: 'ignore', cwd: '/', env: { HOME: home }, ...account },
    })
    const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)))
    await wait(200)
    expect(await sweepHomes(homes, account)).toBe(1)
    expect(await ended).toBe('SIGKILL')
    expect([existsSync(home), existsSync(own), existsSync(others)]).toEqual([false, true, true])
  })
})
