import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { builtCommand } from '../parts/built.ts'
import { cacheFolder } from '../parts/cache-folder.ts'
import { runCommand } from '../parts/command.ts'
import { freePort } from '../parts/ports.ts'

/** Sends these signals to this process, so long after it first listened to SIGTERM, or at the moment when those who listen change; says where that was. */
const TELL = `
const { on, off } = process
let isTold = false
let left = 0
const send = () => process.env.TELL.split(' ').forEach((signal) => process.kill(process.pid, signal))
process.off = function (event, ...rest) {
  // The first is the launcher, the second who releases the signals.
  if (event === 'SIGTERM' && ++left === 2 && process.env.TELL_AFTER_MS === 'handing over') send()
  return off.call(this, event, ...rest)
}
process.on = function (event, ...rest) {
  const result = on.call(this, event, ...rest)
  if (event !== 'SIGTERM' || isTold) return result
  isTold = true
  const [, , at = ''] = new Error().stack.split('\\n')
  require('node:fs').writeSync(2, 'listens in ' + at.replace(/.*[(/]bin[/]/, 'bin/').replace(/:.*/, '') + ' as ' + process.pid + '\\n')
  const after = Number(process.env.TELL_AFTER_MS)
  if (after === 0) setImmediate(send)
  else if (after > 0) setTimeout(send, after)
  return result
}
`

let folder: string
let command: string
let commands: Readonly<Record<'start' | 'connector', readonly string[]>>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-early-'))
  command = await builtCommand()
  writeFileSync(join(folder, 'tell.cjs'), TELL)
  const made = await runCommand(process.execPath, [command, 'init'], { cwd: folder, env: { HOME: folder } })
  expect(made).toMatchObject({ status: 0 })
  const config = join(folder, 'gatescribe.yaml')
  writeFileSync(config, readFileSync(config, 'utf8').replaceAll(/127\.0\.0\.1:(6432|8444)/g, '127.0.0.1:0'))
  writeFileSync(join(folder, 'a.token'), `gs_con_${'0'.repeat(40)}\n`)
  const gateway = `https://localhost:${await freePort()}`
  commands = {
    start: ['start'],
    connector: ['connector', '--gateway', gateway, '--allow', 'a:1', '--data', 'con', '--token-file', 'a.token'],
  }
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Whether the kernel lets this process begin others that are process 1 of their own. */
const canBeFirst = process.platform === 'linux' && spawnSync('unshare', ['-p', '-f', '--mount-proc', 'true']).status === 0

async function told(which: keyof typeof commands, ms: number | 'handing over', signals = 'SIGTERM', ...before: readonly string[]) {
  const words = [...before, process.execPath, command, ...commands[which], '--log-format', 'json']
  const child = spawn(words[0]!, words.slice(1), {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...{ PATH: process.env.PATH, HOME: folder, XDG_CACHE_HOME: cacheFolder() },
      ...{ NODE_OPTIONS: `--require ${join(folder, 'tell.cjs')}`, TELL: signals, TELL_AFTER_MS: String(ms) },
    },
  })
  let said = ''
  for (const output of [child.stdout, child.stderr]) output.on('data', (piece: Buffer) => (said += piece))
  const late = setTimeout(() => child.kill('SIGKILL'), 15_000)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearTimeout(late)
  return { code, said }
}

/** Between them everything is read, and the gateway or the connector begins; ms. */
const moments = [0, 250]

describe.each(['start', 'connector'] as const)('%s, told to stop as early as it can hear it', (which) => {
  it.each(moments)('ends in order, %d ms later too', async (ms) => {
    const { code, said } = await told(which, ms)
    expect(said).toContain('listens in bin/gatescribe.js')
    expect({ code, said }).toMatchObject({ code: 0 })
  })

  it('ends in order where that comes while it hands its signals over', async () => {
    expect(await told(which, 'handing over')).toMatchObject({ code: 0 })
  })

  it.each(moments)('and to read its settings again before that, which it is about to do: %d ms', async (ms) => {
    expect(await told(which, ms, 'SIGHUP SIGTERM')).toMatchObject({ code: 0 })
  })

  it.runIf(canBeFirst).each(moments)('as process 1 of a container, too: %d ms', async (ms) => {
    const { code, said } = await told(which, ms, 'SIGTERM', 'unshare', '-p', '-f', '--mount-proc')
    expect(said).toContain('listens in bin/gatescribe.js as 1\n')
    expect({ code, said }).toMatchObject({ code: 0 })
  })
})
