import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type RunningGateway, startGateway } from '../parts/gateway.ts'
import { startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { type RunningPostgres, startPostgres } from '../parts/postgres.ts'
import { found, needs } from '../parts/require.ts'

const CTRL_C = '\u0003'

describe('a replay at a terminal', () => {
  let server: RunningPostgres
  let issuer: TestIssuer
  let gateway: RunningGateway
  let session: string

  beforeAll(async () => {
    server = await startPostgres()
    issuer = await startIssuer()
    await server.query('CREATE ROLE app LOGIN')
    gateway = await startGateway({ issuer, targets: [{ name: 'orders-db', server, user: 'app', databases: { orders: 'postgres' } }] })
    const { run: user, password } = await gateway.credential()
    const client = new Client({ host: 'localhost', port: gateway.port, user, password, database: 'orders', ssl: { ca: gateway.ca } })
    await client.connect()
    for (const word of ['first', 'second', 'third', 'fourth']) await client.query(`SELECT '${word} answer' AS word, pg_sleep(0.05)`)
    session = (await gateway.operator.sessions())[0]!.id
    await client.end()
  })
  afterAll(async () => {
    await gateway?.remove()
    await Promise.all([server?.stop(), issuer?.close()])
  })

  /** A hundred times as slow as it was, so that nothing passes that no key asked for. */
  function replay() {
    const words = ['replay', session, '--from', '#1', '--speed', '0.01', '--max-idle', '600', '-c', gateway.configPath]
    const child = spawn(
      'python3',
      [join(import.meta.dirname, 'terminal.py'), process.execPath, join(import.meta.dirname, '../../bin/gatescribe.js'), ...words],
      { stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: process.env.PATH, TERM: 'xterm', NO_COLOR: '1' } },
    )
    const exit = once(child, 'exit') as Promise<[number | null]>
    let said = ''
    onTestFinished(() => void child.kill('SIGKILL'))
    child.stdout.on('data', (chunk) => {
      said += String(chunk)
    })
    return {
      press: (keys: string) => void child.stdin.write(keys),
      shows: (text: string) => expect.poll(() => said, { timeout: 20_000 }).toContain(text),
      said: () => said,
      code: async () => (await exit)[0],
    }
  }

  it('goes from statement to statement, searches, pauses and ends as keys say', async (test) => {
    needs(test, found('python3'), 'python3, for a pseudo-terminal')
    const { press, shows, said, code } = replay()
    await shows("SELECT 'first answer'")
    press('n')
    await shows('first answer │')
    expect(said()).not.toContain('third answer')
    press('/third\r')
    await shows("SELECT 'third answer'")
    expect(said()).not.toContain('second answer │')
    press(' ')
    press('n')
    await shows('third answer │')
    press('q')
    expect(await code()).toBe(0)
    expect(said()).not.toContain('session ended')
  })

  it('is ended by Ctrl-C', async (test) => {
    needs(test, found('python3'), 'python3, for a pseudo-terminal')
    const { press, shows, code } = replay()
    await shows("SELECT 'first answer'")
    press(CTRL_C)
    expect(await code()).toBe(130)
  })
})
