import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { testSurroundings } from '../../test/parts/surroundings.ts'
import { type ConnectorStateAnswer, type ServedHealth, serveHealth } from './connector-health.ts'
import { run } from './main.ts'

let folder: string
const serving: ServedHealth[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-connector-'))
})
afterEach(async () => {
  for (const served of serving.splice(0)) await served.close()
  rmSync(folder, { recursive: true, force: true })
})

const up: ConnectorStateAnswer = {
  ...{ process: 1, version: '0.9.0', id: 'con_one', name: 'plant-a', state: 'up', ready: true },
  ...{ since: '2026-11-27T12:00:00.000Z', streams: 3, bytesIn: 1, bytesOut: 2, rttMs: 1.5 },
}
const waiting: ConnectorStateAnswer = {
  ...up,
  ...{ process: 2, state: 'connecting', ready: false, error: { code: 'GS_X', message: 'It is so.', next: 'Do it.' } },
}

async function serve(state: ConnectorStateAnswer, probes?: { host: string; port: number }) {
  const served = await serveHealth(folder, probes, () => state)
  serving.push(served)
  return served
}
async function status(...words: readonly string[]) {
  const surroundings = testSurroundings({ folder })
  const code = await run(['connector', '--data', folder, '--status', ...words], surroundings)
  return { code, ...surroundings.printed }
}

it('answers probes, which learn no more than whether', async () => {
  const { probes } = await serve(waiting, { host: '127.0.0.1', port: 0 })
  const ask = async (path: string) => {
    const response = await fetch(`http://${probes}${path}`)
    return { status: response.status, body: await response.json() }
  }
  expect(await ask('/healthz')).toEqual({ status: 200, body: { ok: true } })
  expect(await ask('/readyz')).toEqual({ status: 503, body: { ready: false, state: 'connecting', code: 'GS_X' } })
  expect(await ask('/')).toEqual({ status: 404, body: { ok: false } })
  const ready = await serve(up, { host: '127.0.0.1', port: 0 })
  expect((await fetch(`http://${ready.probes}/readyz`)).status).toBe(200)
})

it('tells whoever may open its data folder how it is, each of two that share one, and nobody else', async () => {
  await serve(waiting)
  expect(await status()).toMatchObject({
    code: 1,
    out: expect.stringContaining('connecting since 2026-11-27 12:00:00Z, 3 streams. GS_X: It is so.'),
  })
  await serve(up)
  const { code, out } = await status('--json')
  expect(code).toBe(0)
  expect(JSON.parse(out)).toEqual(expect.arrayContaining([up, waiting]))
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o077).toBe(0)
})

it('takes what a connector left that was killed for none, and clears it away', async () => {
  // A socket file outlives a process that is killed; renamed, it outlives this server too.
  const { renameSync } = await import('node:fs')
  const left = createServer()
  await new Promise<void>((resolve) => left.listen(join(folder, 'x.sock'), resolve))
  renameSync(join(folder, 'x.sock'), join(folder, 'health-00000000.sock'))
  await new Promise((resolve) => left.close(resolve))
  expect(await status()).toMatchObject({ code: 3, err: expect.stringContaining('GS_CLI_CONNECTOR_NOT_RUNNING') })
  await serve(up)
  expect(readdirSync(folder)).toHaveLength(1)
  expect(readdirSync(folder)).not.toContain('health-00000000.sock')
})

it('does not take one for ready that hangs', async () => {
  const silent = createServer((socket) => void socket.resume())
  await new Promise<void>((resolve) => silent.listen(join(folder, 'health-00000001.sock'), resolve))
  expect(await status()).toMatchObject({ code: 1, out: expect.stringContaining('it hangs') })
  await new Promise((resolve) => silent.close(resolve))
})
