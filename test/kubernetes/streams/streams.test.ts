import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Mask, Refusal } from '../../../src/operations/index.ts'
import { type Ran, runCommand, whileRunning } from '../../parts/command.ts'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../../parts/kubernetes-binaries.ts'
import { type RunningCluster, startCluster } from '../../parts/kubernetes-cluster.ts'
import { needs } from '../../parts/require.ts'
import { type Relayed, StreamRelayServer } from './stream-relay.ts'

let cluster: RunningCluster
let relay: StreamRelayServer
let folder: string
let kubeconfig: string

beforeAll(async () => {
  if (!kubernetesBinaries()) return
  cluster = await startCluster()
  relay = new StreamRelayServer(cluster)
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-streams-'))
  kubeconfig = join(folder, 'kubeconfig')
  const server = await relay.listen()
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'x', users: [{ name: 'x', user: {} }] },
      clusters: [{ name: 'x', cluster: { server } }],
      contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
    }),
  )
  await cluster.pod('web')
})
afterAll(async () => {
  relay?.close()
  await cluster?.stop()
  if (folder) rmSync(folder, { recursive: true })
})
beforeEach((test) => {
  needs(test, kubernetesBinaries(), KUBERNETES_PARTS)
  relay.masks = []
  relay.ending = new AbortController()
})

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')
const textOf = ({ said }: Relayed, code: string) =>
  Buffer.concat(
    said.flatMap(([each, ...rest]) => {
      const content = rest.at(-1) as string | { base64: string }
      return each === code ? [typeof content === 'string' ? Buffer.from(content) : Buffer.from(content.base64, 'base64')] : []
    }),
  )
const capped = ({ said }: Relayed, of: string) =>
  said.flatMap(([code, left]) =>
    code === 'content-capped' && (left as { of: string }).of === of ? [left as { bytes: number; sha256: string }] : [],
  )
const last = ({ said }: Relayed) => said.at(-1)

describe.each([
  ['websocket', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'true', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'true' }],
  ['spdy', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' }],
] as const)('what kubectl does over %s', (carrier, env) => {
  const options = () => ({ env: { ...env, HOME: folder, KUBECONFIG: kubeconfig } })
  const kubectl = (words: readonly string[], input?: string | Uint8Array): Promise<Ran> =>
    runCommand(cluster.binaries.kubectl, words, { ...options(), ...(input !== undefined && { input }) })
  const atTerminal = (words: readonly string[], input: string) => {
    const quoted = [cluster.binaries.kubectl, ...words].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
    return runCommand('script', ['-qec', `stty rows 40 cols 100; ${quoted}`, '/dev/null'], {
      env: { ...options().env, TERM: 'xterm' },
      input,
    })
  }
  const only = async (): Promise<Relayed> => {
    const all = await relay.settled()
    expect(all).toHaveLength(1)
    expect(all[0]?.carrier).toBe(carrier)
    expect([...all[0]!.times].sort((a, b) => a - b)).toEqual(all[0]!.times)
    return all[0]!
  }

  it('is what a command wrote to both its outputs, and its exit code', async () => {
    const ran = await kubectl(['exec', 'web', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7'])
    expect(ran).toMatchObject({ status: 7, stdout: 'out\n' })
    const relayed = await only()
    expect(relayed.end).toMatchObject({ how: 'ended', exit: { code: 7, status: 'failure' } })
    expect(textOf(relayed, 'stdout').toString()).toBe('out\n')
    expect(textOf(relayed, 'stderr').toString()).toBe('err\n')
    expect(last(relayed)).toEqual(['stream-end', {}])
  })

  it('is what it was given, to the end of that', async () => {
    const ran = await kubectl(['exec', '-i', 'web', '--', 'sort', '-r'], 'a\nb\n')
    expect(ran).toMatchObject({ status: 0, stdout: 'b\na\n' })
    const relayed = await only()
    expect(relayed.end.exit).toEqual({ code: 0, status: 'success' })
    expect(textOf(relayed, 'stdin').toString()).toBe('a\nb\n')
    expect(textOf(relayed, 'stdout').toString()).toBe('b\na\n')
  })

  it('is bytes of any kind, kept up to the cap and digested behind it', async () => {
    const bytes = randomBytes(3 * 1024 * 1024)
    const ran = await kubectl(['exec', '-i', 'web', '--', 'cat'], bytes)
    expect(ran.bytes.equals(bytes)).toBe(true)
    const relayed = await only()
    const cap = 1024 * 1024
    for (const code of ['stdin', 'stdout']) {
      expect(textOf(relayed, code).equals(bytes.subarray(0, cap))).toBe(true)
      expect(capped(relayed, code)).toEqual([{ of: code, bytes: bytes.length - cap, sha256: sha256(bytes.subarray(cap)) }])
    }
  })

  it('is a terminal, its size, what is typed and what is shown', async () => {
    const ran = await atTerminal(['exec', '-it', 'web', '--', 'sh', '-c', 'stty size; read line; echo "got $line"; exit 3'], 'hello\n')
    expect(ran.stdout).toContain('got hello')
    const relayed = await only()
    expect(relayed.said[1]).toEqual(['stream', expect.objectContaining({ action: 'exec', tty: true })])
    expect(relayed.said).toContainEqual(['resize', [100, 40]])
    expect(textOf(relayed, 'stdin').toString()).toMatch(/hello[\r\n]/)
    expect(textOf(relayed, 'stdout').toString()).toMatch(/40 100[\s\S]*got hello/)
    expect(relayed.end.exit).toMatchObject({ code: 3 })
  })

  it('is files copied in and out', async () => {
    const bytes = randomBytes(300_000)
    writeFileSync(join(folder, 'source.bin'), bytes)
    expect(await kubectl(['cp', join(folder, 'source.bin'), `web:${join(folder, `in-${carrier}`)}`])).toMatchObject({ status: 0 })
    expect(readFileSync(join(folder, `in-${carrier}`)).equals(bytes)).toBe(true)
    const into = await relay.settled()
    expect(into.some((relayed) => textOf(relayed, 'stdin').includes(bytes.subarray(0, 1000)))).toBe(true)
    expect(await kubectl(['cp', `web:${join(folder, `in-${carrier}`)}`, join(folder, `out-${carrier}`)])).toMatchObject({ status: 0 })
    expect(readFileSync(join(folder, `out-${carrier}`)).equals(bytes)).toBe(true)
    const out = await relay.settled()
    expect(out.some((relayed) => textOf(relayed, 'stdout').includes(bytes.subarray(0, 1000)))).toBe(true)
    // kubectl cp leaves when it has the file, and does not wait for how the command ended.
    for (const { end } of [...into, ...out]) expect(end).toMatchObject({ how: expect.stringMatching(/^(ended|cut)$/) })
  })

  it('is every connection that is forwarded, with what went both ways', async () => {
    const echo = createServer((socket) => socket.on('data', (data) => socket.write(`echo:${data}`)).on('error', () => undefined))
    echo.listen(0, '127.0.0.1')
    await new Promise((resolve) => echo.once('listening', resolve))
    const { port } = echo.address() as { port: number }
    try {
      await whileRunning(
        cluster.binaries.kubectl,
        ['port-forward', 'pod/web', `:${port}`, '--address=127.0.0.1'],
        /Forwarding from 127\.0\.0\.1:(\d+)/,
        async (match) => {
          const said = await Promise.all(
            Array.from(
              { length: 20 },
              (_, at) =>
                new Promise<string>((resolve, reject) => {
                  const socket = connect(Number(match[1]), '127.0.0.1')
                  socket.on('error', reject)
                  socket.write(`number ${at}`)
                  socket.once('data', (data) => {
                    socket.end()
                    resolve(data.toString())
                  })
                }),
            ),
          )
          expect(said).toEqual(Array.from({ length: 20 }, (_, at) => `echo:number ${at}`))
        },
        options(),
      )
    } finally {
      echo.close()
    }
    const relayed = await only()
    expect(relayed.protocol).toBe(carrier === 'websocket' ? 'SPDY/3.1+portforward.k8s.io' : 'portforward.k8s.io')
    expect(relayed.end.connections).toBe(20)
    expect(relayed.said.filter(([code]) => code === 'forward').map(([, forward]) => (forward as number[])[1])).toEqual(
      Array.from({ length: 20 }, () => port),
    )
    for (let connection = 1; connection <= 20; connection++) {
      const of = (code: string) =>
        relayed.said.flatMap(([each, which, content]) => (each === code && which === connection ? [content] : [])).join('')
      expect(of('received')).toBe(`echo:${of('sent')}`)
      const text = of('sent')
      expect(relayed.said).toContainEqual(['forward-end', [connection, { sent: text.length, received: text.length + 5 }]])
    }
  })

  it('says where nobody listens', async () => {
    await whileRunning(
      cluster.binaries.kubectl,
      ['port-forward', 'pod/web', ':9', '--address=127.0.0.1'],
      /Forwarding from 127\.0\.0\.1:(\d+)/,
      (match) =>
        new Promise<void>((resolve) => {
          const socket = connect(Number(match[1]), '127.0.0.1')
            .on('error', () => resolve())
            .on('close', () => resolve())
          socket.write('x')
        }),
      options(),
    )
    const relayed = await only()
    expect(textOf(relayed, 'forward-error').toString()).not.toBe('')
  })

  it('ends within a second where the gateway ends it, and says why', async () => {
    const running = kubectl(['exec', 'web', '--', 'sh', '-c', 'echo begun; sleep 20'])
    const refusal = new Refusal('GS_SESSION_ENDED', { reason: 'The run was revoked by somebody.' })
    await expect.poll(() => relay.open, { timeout: 5_000 }).toBe(1)
    await sleep(500)
    const began = performance.now()
    relay.ending.abort(refusal)
    const ran = await running
    expect(performance.now() - began).toBeLessThan(1_000)
    expect(ran.status).toBe(1)
    expect(ran.stdout).toBe('begun\n')
    expect(ran.stderr).toContain(refusal.message)
    expect((await only()).end).toMatchObject({ how: 'refused', error: refusal })
  })

  it('is masked on both outputs, as long as it was', async () => {
    const mask: Mask = {
      ...{ name: 'no-emails', columns: [], detect: ['email'], patterns: [], as: 'redact' },
      unmaskedWrite: false,
      predicates: false,
    }
    relay.masks = [mask]
    const command = 'for i in 1 2 3; do printf "mail ann@exa"; echo "mple.org now"; echo "also bob@example.org" >&2; done'
    const ran = await kubectl(['exec', 'web', '--', 'sh', '-c', command])
    expect(ran.status).toBe(0)
    expect(ran.stdout + ran.stderr).not.toMatch(/ann|bob/)
    expect(ran.stdout).toHaveLength('mail ann@example.org now\n'.length * 3)
    const relayed = await only()
    expect(relayed.end.masked.reduce((sum, [, , count]) => sum + count, 0)).toBe(6)
    expect(textOf(relayed, 'stdout').toString()).toBe(ran.stdout)
    expect(textOf(relayed, 'stderr').toString()).toBe(ran.stderr)
  })
})
