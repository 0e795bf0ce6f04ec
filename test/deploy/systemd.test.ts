import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { found, needs } from '../parts/require.ts'

const units = join(import.meta.dirname, '../../deploy/systemd')
const SYSTEMD = 'systemd-analyze (Debian: systemd)'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-units-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The unit, with a command that there is on this machine. */
function placed(name: string): string {
  const path = join(folder, name)
  writeFileSync(path, readFileSync(join(units, name), 'utf8').replace('/usr/bin/gatescribe', '/bin/true'))
  return path
}

describe.each(['gatescribe.service', 'gatescribe-connector.service'])('%s', (name) => {
  it('is one that systemd understands without a word', (test) => {
    needs(test, found('systemd-analyze'), SYSTEMD)
    const { stdout, stderr, status } = spawnSync('systemd-analyze', ['verify', '--man=no', placed(name)], { encoding: 'utf8' })
    expect({ stdout, stderr, status }).toEqual({ stdout: '', stderr: '', status: 0 })
  })

  it('leaves open no more than that it uses the network', (test) => {
    needs(test, found('systemd-analyze'), SYSTEMD)
    const security = (...args: string[]) =>
      spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', ...args], { encoding: 'utf8' })
    // In tenths: 1.1 of 10.
    expect(security('--threshold=11', placed(name)).status).toBe(0)
    const { stdout } = security(placed(name))
    const open = stdout.split('\n').flatMap((line) => /^✗ ([^=]+)=/.exec(line)?.[1] ?? [])
    expect(new Set(open)).toEqual(
      new Set(['RootDirectory', 'MemoryDenyWriteExecute', 'RestrictAddressFamilies', 'PrivateNetwork', 'DeviceAllow', 'IPAddressDeny']),
    )
  })

  it('stays down where it would only be refused again', () =>
    expect(/^RestartPreventExitStatus=(.*)$/m.exec(readFileSync(join(units, name), 'utf8'))?.[1]).toBe(
      name === 'gatescribe-connector.service' ? '77 78' : '78',
    ))
})
