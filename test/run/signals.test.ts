import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { freePort } from '../parts/ports.ts'
import { openStage, type Stage } from './stage.ts'

let stage: Stage
const started: ChildProcess[] = []

beforeAll(async () => {
  // Below the ports that a system gives by itself, so that they are still free where it starts again.
  const listen = { postgres: `127.0.0.1:${await freePort()}`, token: `127.0.0.1:${await freePort()}` }
  stage = await openStage({ gateway: { adjust: (config) => void Object.assign(config.gateway, { listen }) } })
})
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})
afterAll(() => stage?.close())

describe('the exit code', () => {
  it.each<[string, string[], number]>([
    ["is the job's own", ['sh', '-c', 'exit 7'], 7],
    ['is 128 and the number of the signal that ended it', ['sh', '-c', 'kill -9 $$'], 137],
    ['is 127 where there is no such command', ['no-such-command-here'], 127],
    ['is 126 where it may not be executed', ['/etc/passwd'], 126],
  ])('%s', async (_, words, status) => {
    expect(await stage.run(['--', ...words])).toMatchObject({ status })
  })

  it('is 125 where there was no run, and the command was not started', async () => {
    const mark = join(stage.folder, 'was-started')
    const ran = await stage.run(['--', 'touch', mark], { ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'not-it' })
    expect(ran).toMatchObject({ status: 125, stderr: expect.stringMatching(/GS_LAUNCH_IDENTITY_FAILED.*status 401.*\nnext: /) })
    const refused = await stage.run(['--', 'touch', mark], { GATESCRIBE_AUDIENCE: 'https://other.test' })
    expect(refused).toMatchObject({ status: 125, stderr: expect.stringContaining('GS_IDENTITY_AUDIENCE_WRONG') })
    expect(existsSync(mark)).toBe(false)
  })
})

/** A launcher whose job writes what it hears to a file, and says when it listens. @param then what the job does from then on */
async function launch(script: string, words: readonly string[] = [], then = 'while :; do sleep 0.1; done') {
  const [listens, heard] = [join(stage.folder, `listens-${started.length}-${Date.now()}`), join(stage.folder, `heard-${Date.now()}`)]
  const job = join(stage.folder, `job-${Date.now()}.sh`)
  writeFileSync(job, `${script.replaceAll('HEARD', heard)}\necho $$ $GATESCRIBE_RUN $HOME > ${listens}\n${then}\n`)
  // Without a terminal, as in CI.
  const launcher = spawn(process.execPath, [stage.command, 'run', ...words, '--', 'sh', job], {
    ...{ cwd: stage.folder, env: stage.environment(), detached: true },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.push(launcher)
  let said = ''
  launcher.stderr?.on('data', (piece) => {
    said += piece
  })
  const text = await vi.waitUntil(() => existsSync(listens) && readFileSync(listens, 'utf8').trim(), { timeout: 10_000, interval: 20 })
  const [pid = '', run = '', home = ''] = text.split(' ')
  return { launcher, run, home, pid: Number(pid), said: () => said, heard: () => (existsSync(heard) ? readFileSync(heard, 'utf8') : '') }
}
const exitOf = async (launcher: ChildProcess) => (launcher.exitCode ?? (await once(launcher, 'exit'))[0]) as number
const stateOf = async (run: string) => (await stage.shop.gateway.operator.runs()).find(({ id }) => id === run)?.state

it.each(['INT', 'TERM', 'HUP', 'QUIT'] as const)(
  'a job hears SIG%s, and what it then ends with is what its launcher ends with',
  async (name) => {
    const { launcher, heard, run } = await launch(`trap 'echo ${name} > HEARD; exit 3' ${name}`)
    launcher.kill(`SIG${name}`)
    expect(await exitOf(launcher)).toBe(3)
    expect(heard()).toBe(`${name}\n`)
    expect(await stateOf(run)).toBe('ended')
  },
)

it('a job is stopped and continued with its launcher', async () => {
  // A shell that is about to start something waits for that, where it is stopped, and is not stopped itself.
  const { launcher, pid } = await launch('', [], 'exec sleep 60')
  const isStopped = (each: number) => readFileSync(`/proc/${each}/stat`, 'utf8').split(') ')[1]?.startsWith('T')
  const both = [pid, launcher.pid ?? 0]
  launcher.kill('SIGTSTP')
  await vi.waitUntil(() => both.every(isStopped), { timeout: 5_000 })
  launcher.kill('SIGCONT')
  await vi.waitUntil(() => !both.some(isStopped), { timeout: 5_000 })
  launcher.kill('SIGTERM')
  expect(await exitOf(launcher)).toBe(143)
})

it('a run whose launcher is killed ends by itself, and the next launcher removes its home', async () => {
  const { launcher, pid, run, home } = await launch('', ['--lease', '5'])
  await sleep(500)
  launcher.kill('SIGKILL')
  await vi.waitUntil(async () => (await stateOf(run)) === 'expired', { timeout: 12_000, interval: 200 })
  process.kill(pid, 'SIGKILL')
  expect(existsSync(home)).toBe(true)
  await stage.run(['--', 'true'])
  expect(existsSync(home)).toBe(false)
})

it('a job whose run is revoked is told to stop, and it is said why', async () => {
  const { launcher, run, said } = await launch('', ['--lease', '5'])
  await stage.shop.gateway.operator.revokeRun(run)
  expect(await exitOf(launcher)).toBe(143)
  expect(said()).toMatch(/the run is over: .*revoked.*told to stop, and has 10 s/)
  expect(said()).toContain(`run ${run} was over before its job (revoked)`)
})

it('a gateway that restarts ends nothing', async () => {
  const { launcher, run, said } = await launch('trap "exit 5" TERM', ['--lease', '20'])
  await stage.shop.gateway.kill9()
  await vi.waitUntil(() => said().includes('the gateway does not answer'), { timeout: 10_000 })
  stage.shop.gateway = await stage.shop.gateway.again()
  await vi.waitUntil(() => said().includes('the gateway answers again'), { timeout: 20_000 })
  expect(await stateOf(run)).toBe('live')
  launcher.kill('SIGTERM')
  expect(await exitOf(launcher)).toBe(5)
  expect(await stateOf(run)).toBe('ended')
})
