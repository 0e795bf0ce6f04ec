import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { run } from '../../../src/cli/main.ts'
import { type Ran, type RunOptions, runCommand, whileRunning } from '../../parts/command.ts'
import { JOB_GROUP } from '../../parts/gateway-config.ts'
import { startIssuer, type TestIssuer } from '../../parts/issuer.ts'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../../parts/kubernetes-binaries.ts'
import { type RunningCluster, startCluster } from '../../parts/kubernetes-cluster.ts'
import { ALLOW_KUBERNETES, type KubernetesGateway, startKubernetesGateway } from '../../parts/kubernetes-gateway.ts'
import { needs } from '../../parts/require.ts'
import { testSurroundings } from '../../parts/surroundings.ts'

/** A terminal would clear its screen. */
const HOSTILE = '\\033[2J'

let cluster: RunningCluster
let issuer: TestIssuer
let house: KubernetesGateway
let kubeconfig: string

beforeAll(async () => {
  if (!kubernetesBinaries()) return
  ;[cluster, issuer] = await Promise.all([startCluster(), startIssuer()])
  const token = cluster.adminToken
  house = await startKubernetesGateway({
    ...{ issuer, cluster, token },
    rules: [
      ALLOW_KUBERNETES,
      { name: 'no-deletes', effect: 'deny', who: { groups: [JOB_GROUP] }, do: ['kubernetes.delete'], say: 'Leave it.' },
    ],
    adjust: (config) =>
      Object.assign(config, {
        masks: [
          { name: 'secrets', fields: ['secrets'], who: { groups: [JOB_GROUP] }, as: 'redact' },
          { name: 'cards', detect: ['card'], who: { groups: [JOB_GROUP] }, as: 'redact' },
        ],
      }),
  })
  kubeconfig = (await house.kubeconfig()).path
  await cluster.pod('web')
})
afterAll(async () => {
  await house?.gateway.remove()
  await Promise.all([cluster?.stop(), issuer?.close()])
})
beforeEach((test) => needs(test, kubernetesBinaries(), KUBERNETES_PARTS))

function environment(env: Readonly<Record<string, string>> = {}) {
  return { HOME: house.gateway.folder, KUBECONFIG: kubeconfig, ...env }
}

function kubectl(words: readonly string[], { env, ...options }: RunOptions = {}): Promise<Ran> {
  return runCommand(cluster.binaries.kubectl, words, { env: environment(env), ...options })
}

function atTerminal(words: readonly string[], input: string): Promise<Ran> {
  const quoted = [cluster.binaries.kubectl, ...words].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
  return runCommand('script', ['-qec', `stty rows 40 cols 100; ${quoted}`, '/dev/null'], { env: environment({ TERM: 'xterm' }), input })
}

async function gatescribe(words: readonly string[]) {
  const surroundings = testSurroundings({ folder: house.gateway.folder })
  const code = await run([...words], surroundings)
  return { code, ...surroundings.printed }
}

/** Sessions that something opened, once all of them have ended; oldest first. */
async function sessionsOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  const all = async (): Promise<readonly { id: string; state: string }[]> =>
    JSON.parse((await gatescribe(['sessions', 'ls', '--all', '--json'])).out).sessions
  const before = new Set((await all()).map(({ id }) => id))
  await work()
  for (;;) {
    const sessions = (await all()).filter(({ id }) => !before.has(id))
    if (sessions.length > 0 && sessions.every(({ state }) => state === 'ended')) return sessions.map(({ id }) => id).reverse()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** What is replayed of them, one behind the other. */
async function replayed(sessions: readonly string[], words: readonly string[] = []): Promise<string> {
  let text = ''
  for (const session of sessions) {
    const { code, out, err } = await gatescribe(['replay', session, ...words])
    expect(err + (code === 0 ? '' : `exit code ${code}`)).not.toContain('exit code')
    text += out
  }
  return text
}

describe('what kubectl was shown', () => {
  it('is replayed: requests, answers, refusals', async () => {
    const sessions = await sessionsOf(async () => {
      expect((await kubectl(['get', 'pods'])).stdout).toContain('web')
      expect((await kubectl(['delete', 'pod', 'web'])).stderr).toContain('no-deletes')
    })
    const text = await replayed(sessions)
    expect(text).toMatch(/#\d+ request {2}allow \(everything-on-clusters\) {2}completed 200, \d+ bytes/)
    expect(text).toContain('GET /api/v1/namespaces/default/pods?limit=500')
    expect(text).toMatch(/200 application\/json/)
    expect(text).toContain('"name":"web"')
    expect(text).toContain('DELETE /api/v1/namespaces/default/pods/web')
    expect(text).toMatch(/deny .*refused/)
    expect(text).toMatch(/403 application\/json/)
    expect(text).toContain('Leave it.')
    const { out } = await gatescribe(['sessions', 'show', sessions[0] as string])
    expect(out).toContain('GET /api')
  })

  it('has of Secrets what the client was shown, and no more', async () => {
    await cluster.request('POST', '/api/v1/namespaces/default/secrets', {
      metadata: { name: 'pin' },
      stringData: { pin: 'a-very-secret-pin' },
    })
    const hidden = Buffer.from('a-very-secret-pin').toString('base64')
    const sessions = await sessionsOf(async () => {
      expect((await kubectl(['get', 'secret', 'pin', '-o', 'json'])).stdout).not.toContain(hidden)
    })
    const text = await replayed(sessions, ['--json'])
    expect(text).toContain('pin')
    expect(text).not.toContain(hidden)
    expect(text).not.toContain('a-very-secret-pin')
  })
})

describe.each([
  ['WebSocket', {}],
  ['SPDY', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' }],
] as const)('what was said over %s', (_, env) => {
  it('is what went in, came out and how it ended, in order; what a terminal obeys is shown', async () => {
    const sessions = await sessionsOf(() =>
      kubectl(['exec', '-i', 'web', '--', 'sh', '-c', `cat; printf '${HOSTILE}\\n'; sleep 0.1; echo wrong >&2; sleep 0.1; exit 9`], {
        env,
        input: 'typed\n',
      }),
    )
    const text = await replayed(sessions)
    const places = ['» typed', '          typed', '\\x1b[2J', '! wrong', 'exit code 9', 'session ended'].map((line) =>
      text.lastIndexOf(line),
    )
    expect(
      places.every((place) => place >= 0),
      text,
    ).toBe(true)
    expect([...places].sort((a, b) => a - b)).toEqual(places)
    expect(text).not.toContain('\u001b')
  })

  it('is masked where a detector finds something, as the client saw it', async () => {
    let ran: Ran | undefined
    const sessions = await sessionsOf(async () => {
      ran = await kubectl(['exec', 'web', '--', 'sh', '-c', 'printf "card 4111 1111"; echo " 1111 1111 ok"; echo done'], {
        env,
      })
    })
    expect(ran?.stdout).toMatch(/^card .{19} ok\ndone\n$/)
    expect(ran?.stdout).not.toContain('1111')
    const text = await replayed(sessions)
    const behind = text.slice(text.indexOf('exec over '))
    expect(behind).toContain('[card]')
    expect(behind).not.toContain('1111')
    expect(text).toMatch(/completed 101, .*masked: 1 × card by cards/)
  })

  it('is the connections of a port-forward', async () => {
    const echo = createServer((socket) => socket.on('data', (data) => socket.write(`echo:${data}`)).on('error', () => undefined))
    echo.listen(0, '127.0.0.1')
    await new Promise((resolve) => echo.once('listening', resolve))
    const { port } = echo.address() as { port: number }
    const sessions = await sessionsOf(() =>
      whileRunning(
        cluster.binaries.kubectl,
        ['port-forward', 'pod/web', `:${port}`, '--address=127.0.0.1'],
        /Forwarding from 127\.0\.0\.1:(\d+)/,
        (match) =>
          new Promise<void>((resolve) => {
            const socket = connect(Number(match[1]), '127.0.0.1')
            socket.write('hello')
            socket.once('data', () => {
              socket.end()
              resolve()
            })
          }),
        { env: environment(env) },
      ),
    )
    echo.close()
    const text = await replayed(sessions)
    expect(text).toContain(`connection 1 to port ${port}`)
    expect(text).toContain('» 1: hello')
    expect(text).toContain('1: echo:hello')
    expect(text).toContain('connection 1 is closed: 5 bytes sent, 10 received')
  })
})

describe('a terminal', () => {
  it('is asciicast v3, with its sizes, input, output and exit code', async () => {
    const sessions = await sessionsOf(() =>
      atTerminal(['exec', '-it', 'web', '--', 'sh', '-c', 'stty size; read line; echo "got $line"; exit 3'], 'hello\n'),
    )
    const found: string[] = []
    for (const session of sessions) {
      const { code, out, err } = await gatescribe(['replay', session, '--asciicast'])
      if (code === 0) found.push(out)
      else expect(err).toContain('GS_CLI_NO_ASCIICAST')
    }
    expect(found).toHaveLength(1)
    const [header, ...events] = found[0]!
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(header).toMatchObject({ version: 3, term: { cols: 100, rows: 40 }, command: expect.stringContaining('stty size') })
    expect(events.every(([interval, code, data]) => interval >= 0 && /^[oirmx]$/.test(code) && typeof data === 'string')).toBe(true)
    const text = (code: string) => events.flatMap(([, each, data]) => (each === code ? [data] : [])).join('')
    expect(text('o')).toMatch(/40 100[\s\S]*got hello/)
    expect(text('i')).toContain('hello')
    expect(events.at(-1)).toEqual([expect.any(Number), 'x', '3'])
  })

  it('goes to a file that nobody else reads', async () => {
    const [session] = (await sessionsOf(() => atTerminal(['exec', '-it', 'web', '--', 'true'], ''))).slice(-1) as [string]
    const path = join(house.gateway.folder, 'session.cast')
    const { code } = await gatescribe(['replay', session, '--asciicast', '-o', path])
    expect(code).toBe(0)
    expect(JSON.parse(readFileSync(path, 'utf8').split('\n')[0] ?? '')).toMatchObject({ version: 3 })
  })
})

describe('a session that is followed', () => {
  it('shows what a command writes while it runs', async () => {
    const live = async (): Promise<readonly { id: string }[]> => JSON.parse((await gatescribe(['sessions', 'ls', '--json'])).out).sessions
    const running = kubectl(['exec', 'web', '--', 'sh', '-c', 'echo begun; sleep 4; echo over'])
    await expect.poll(async () => (await live()).length, { timeout: 5000 }).toBeGreaterThan(0)
    const following = testSurroundings({ folder: house.gateway.folder })
    // Of those that kubectl opened, the exec is the last.
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const ended = run(['sessions', 'follow', (await live()).at(-1)?.id ?? ''], following)
    await expect.poll(() => following.printed.out, { timeout: 3000 }).toContain('begun')
    expect(following.printed.out).not.toContain('          over')
    await running
    expect(await ended).toBe(0)
    expect(following.printed.out).toContain('          over')
  })
})

describe('strict recording', () => {
  let strict: KubernetesGateway
  beforeAll(async () => {
    if (!kubernetesBinaries()) return
    strict = await startKubernetesGateway({
      ...{ issuer, cluster, token: cluster.adminToken },
      adjust: (config) => Object.assign(config, { recording: { strict: true } }),
    })
  })
  afterAll(() => strict?.gateway.remove())

  it.each([
    ['WebSocket', {}],
    ['SPDY', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' }],
  ] as const)('shows answers and streams once they are durable: %s', async (_, env) => {
    const { path } = await strict.kubeconfig()
    const at = { env: { ...env, KUBECONFIG: path } }
    expect((await kubectl(['get', 'pods'], at)).stdout).toContain('web')
    const bytes = Buffer.alloc(3 * 1024 * 1024, 'abcdefghijklmnop\n')
    const echoed = await kubectl(['exec', '-i', 'web', '--', 'cat'], { ...at, input: bytes })
    expect(echoed.status).toBe(0)
    expect(echoed.bytes.equals(bytes)).toBe(true)
    expect(await kubectl(['exec', 'web', '--', 'sh', '-c', 'echo out; exit 4'], at)).toMatchObject({ status: 4, stdout: 'out\n' })
  })
})
