import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { type Ran, whileRunning } from '../../parts/command.ts'
import type { Case } from './case.ts'
import type { Place } from './place.ts'
import { exchanged } from './sockets.ts'
import { given, pod, runningPod } from './things.ts'

/** A kubectl, and how it carries streams. */
export interface Carrier {
  readonly name: string
  readonly command?: string
  readonly env: Readonly<Record<string, string>>
  /** Knows half-closing and the like. */
  readonly isNew: boolean
}

const WEB = runningPod('web')
const ran = (stdout: string): Ran => ({ status: 0, stdout, stderr: '', bytes: Buffer.from(stdout), ms: 0 })
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** exec, attach, cp, port-forward, run and debug over one carrier of streams. */
export function streams(carrier: Carrier): readonly Case[] {
  const { command, env } = carrier
  const kubectl = (at: Place, words: readonly string[], input?: string | Uint8Array) =>
    at.kubectl(words, { ...(command ? { command } : {}), env, ...(input === undefined ? {} : { input }) })
  const binary = (at: Place) => command ?? at.cluster.binaries.kubectl
  /** With a terminal of its own, as a person has one. */
  const atTerminal = async (at: Place, words: readonly string[], input: string): Promise<Ran> => {
    const quoted = [binary(at), '-n', at.namespace, ...words].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
    const said = await at.run('script', ['-qec', `stty rows 40 cols 100; ${quoted}`, '/dev/null'], {
      env: { ...env, TERM: 'xterm' },
      input,
    })
    // The end of our input, as script shows it.
    return { ...said, stdout: said.stdout.replaceAll('^@', '').replaceAll('^D\b\b', '') }
  }
  const forwarded = <T>(at: Place, port: number, use: (local: number) => Promise<T>): Promise<T> =>
    whileRunning(
      binary(at),
      ['-n', at.namespace, 'port-forward', 'pod/web', `:${port}`, '--address=127.0.0.1'],
      /Forwarding from 127\.0\.0\.1:(\d+)/,
      (match) => use(Number(match[1])),
      { env: { HOME: at.folder, KUBECONFIG: at.way.kubeconfig, ...env } },
    )

  const cases: Case[] = [
    { name: 'exec', before: WEB, run: (at) => kubectl(at, ['exec', 'web', '--', 'echo', 'hello']), shows: 'hello' },
    {
      name: 'exec with both outputs and an exit code',
      before: WEB,
      run: (at) => kubectl(at, ['exec', 'web', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7']),
      status: 7,
      shows: 'out',
    },
    { name: 'exec of what is not found', before: WEB, run: (at) => kubectl(at, ['exec', 'web', '--', 'no-such-command']), status: 1 },
    { name: 'exec in a pod that is not there', run: (at) => kubectl(at, ['exec', 'nobody', '--', 'true']), status: 1 },
    {
      name: 'exec -i, to the end of the input',
      before: WEB,
      run: (at) => kubectl(at, ['exec', '-i', 'web', '--', 'wc', '-c'], 'x'.repeat(100_000)),
      shows: '100000',
    },
    {
      name: 'exec -i of bytes, 3 MB both ways',
      before: WEB,
      run: async (at) => {
        const bytes = at.cluster.certificates.ca.repeat(6000)
        const echoed = await kubectl(at, ['exec', '-i', 'web', '--', 'cat'], bytes)
        return { ...echoed, stdout: echoed.bytes.equals(Buffer.from(bytes)) ? 'equal' : `${echoed.bytes.length} bytes` }
      },
      shows: 'equal',
    },
    {
      name: 'exec of much output',
      before: WEB,
      run: async (at) => {
        const much = await kubectl(at, ['exec', 'web', '--', 'sh', '-c', 'seq 1 500000'])
        return { ...much, stdout: digest(much.bytes) }
      },
    },
    {
      name: 'exec with an argument of many kinds',
      before: WEB,
      run: (at) => kubectl(at, ['exec', 'web', '--', 'printf', '%s|', 'a b', '&', '=', 'ü', '%2F', '+']),
      shows: 'a b|&|=|ü|%2F|+|',
    },
    {
      name: 'exec -c',
      before: runningPod('web', ['main', 'side']),
      run: (at) => kubectl(at, ['exec', 'web', '-c', 'side', '--', 'sh', '-c', 'echo $CONTAINER']),
      shows: 'side',
    },
    {
      name: 'exec -it at a terminal',
      before: WEB,
      run: (at) => atTerminal(at, ['exec', '-it', 'web', '--', 'sh', '-c', 'stty size; test -t 1 && echo terminal'], ''),
      shows: /40 100\s+terminal/,
    },
    {
      name: 'exec -it, with an exit code',
      before: WEB,
      run: (at) => atTerminal(at, ['exec', '-it', 'web', '--', 'sh', '-c', 'sleep 0.2; exit 3'], ''),
      status: 3,
    },
    {
      name: 'attach',
      before: given(
        pod('job', { restartPolicy: 'Never' }, [
          { name: 'main', image: 'local', command: ['sh', '-c', 'echo working; echo failing >&2; exit 0'] },
        ]),
      ),
      run: async (at) => {
        await at.prepare(['wait', '--for=jsonpath={.status.phase}=Running', 'pod/job', '--timeout=10s'])
        return kubectl(at, ['attach', 'job'])
      },
      shows: 'working',
    },
    {
      name: 'attach -i',
      before: given(
        pod('job', { restartPolicy: 'Never' }, [{ name: 'main', image: 'local', stdin: true, stdinOnce: true, command: ['sort', '-r'] }]),
      ),
      run: async (at) => {
        await at.prepare(['wait', '--for=jsonpath={.status.phase}=Running', 'pod/job', '--timeout=10s'])
        return kubectl(at, ['attach', '-i', 'job'], 'a\nb\nc\n')
      },
      shows: /c\nb\na/,
    },
    {
      name: 'cp into a pod',
      before: WEB,
      async run(at) {
        const bytes = fixedBytes(300_000)
        const copied = await kubectl(at, ['cp', at.file('source.bin', bytes), `web:${join(at.folder, 'copied.bin')}`])
        return {
          ...copied,
          stdout: `${copied.stdout}${digest(readFileSync(join(at.folder, 'copied.bin'))) === digest(bytes) ? 'equal' : 'different'}`,
        }
      },
      shows: 'equal',
    },
    {
      name: 'cp out of a pod',
      before: WEB,
      async run(at) {
        const bytes = fixedBytes(300_000)
        // Below the folder that commands are run in: tar has nothing to say about it.
        const source = relative(tmpdir(), at.file('source.bin', bytes))
        const copied = await kubectl(at, ['cp', `web:${source}`, join(at.folder, 'copied.bin')])
        return {
          ...copied,
          stdout: `${copied.stdout}${digest(readFileSync(join(at.folder, 'copied.bin'))) === digest(bytes) ? 'equal' : 'different'}`,
        }
      },
      shows: 'equal',
    },
    {
      name: 'cp of a folder',
      before: WEB,
      async run(at) {
        mkdirSync(join(at.folder, 'tree', 'deep'), { recursive: true })
        for (const name of ['a', 'deep/b', 'deep/ c']) writeFileSync(join(at.folder, 'tree', name), name)
        const copied = await kubectl(at, ['cp', join(at.folder, 'tree'), `web:${join(at.folder, 'into')}`])
        return [copied, await at.run('find', ['into', '-type', 'f'])]
      },
      shows: 'into/deep/b',
    },
    {
      name: 'cp where tar is missing',
      before: runningPod('web', ['bare']),
      run: (at) => kubectl(at, ['cp', at.file('source', 'x'), 'web:/tmp/never']),
      status: 1,
    },
    {
      name: 'port-forward',
      before: WEB,
      run: (at) =>
        echoing((port) => forwarded(at, port, async (local) => ran(await exchanged(local, 'GET / HTTP/1.0\r\n\r\n'.repeat(1000))))),
      shows: /^echo:/,
    },
    {
      name: 'port-forward to a port where nobody listens',
      before: WEB,
      run: (at) => forwarded(at, 9, async (local) => ran((await exchanged(local, 'x').catch(() => '')) || 'closed')),
    },
    {
      name: 'run -i --rm',
      run: (at) =>
        kubectl(
          at,
          ['run', 'once', '--image=local', '--restart=Never', '-i', '--rm', '--quiet', '--', 'sh', '-c', 'read line; echo "got $line"'],
          'a line\n',
        ),
      shows: 'got a line',
    },
    {
      name: 'run -it --rm at a terminal',
      run: (at) =>
        atTerminal(
          at,
          ['run', 'once', '--image=local', '--restart=Never', '-it', '--rm', '--quiet', '--', 'sh', '-c', 'sleep 1; echo done'],
          '',
        ),
      shows: 'done',
    },
  ]
  if (!carrier.isNew) return cases
  return [
    ...cases,
    {
      name: 'attach -it at a terminal',
      before: given(
        pod('job', { restartPolicy: 'Never' }, [
          { name: 'main', image: 'local', stdin: true, tty: true, command: ['sh', '-c', 'sleep 0.5; stty size'] },
        ]),
      ),
      run: async (at) => {
        await at.prepare(['wait', '--for=jsonpath={.status.phase}=Running', 'pod/job', '--timeout=10s'])
        return atTerminal(at, ['attach', '-it', 'job', '--quiet'], '')
      },
      shows: '40 100',
    },
    {
      name: 'debug of a node',
      run: (at) =>
        kubectl(at, ['debug', 'node/node-1', '--image=local', '-i', '--quiet', '--', 'sh', '-c', 'echo on the node; sleep 0.5'], ''),
      shows: 'on the node',
    },
    {
      name: 'debug with an ephemeral container',
      before: WEB,
      run: (at) =>
        kubectl(
          at,
          ['debug', 'web', '--image=local', '-c', 'helper', '-i', '--profile=general', '--', 'sh', '-c', 'echo helping; sleep 1'],
          '',
        ),
      shows: 'helping',
    },
  ]
}

/** Logs and kubectl's own proxy, which are plain HTTP whatever carries streams. */
export const FLOWING: readonly Case[] = [
  { name: 'logs', before: logged, run: (at) => at.kubectl(['logs', 'web']), shows: 'line 1' },
  { name: 'logs --tail', before: logged, run: (at) => at.kubectl(['logs', 'web', '--tail=2']), shows: 'line 20' },
  {
    name: 'logs --timestamps',
    before: logged,
    run: (at) => at.kubectl(['logs', 'web', '--timestamps', '--tail=1']),
    shows: 'TIME line 20',
  },
  { name: 'logs --previous', before: logged, run: (at) => at.kubectl(['logs', 'web', '--previous']), shows: 'before the crash' },
  { name: 'logs --limit-bytes', before: logged, run: (at) => at.kubectl(['logs', 'web', '--limit-bytes=10']) },
  { name: 'logs of a container that is not there', before: logged, run: (at) => at.kubectl(['logs', 'web', '-c', 'nobody']), status: 1 },
  {
    name: 'logs --previous that are not there',
    before: runningPod('web'),
    run: (at) => at.kubectl(['logs', 'web', '--previous']),
    status: 1,
  },
  {
    name: 'logs -f',
    waits: true,
    before: logged,
    async run(at) {
      const following = at.kubectl(['logs', '-f', 'web', '--tail=1'], { until: /the last word\n/ })
      await new Promise((resolve) => setTimeout(resolve, 700))
      at.cluster.writeLog('web', ['one more', 'the last word'], { namespace: at.namespace })
      return following
    },
    status: 1,
    shows: 'one more',
  },
  {
    name: 'logs of much',
    before: async (at) => {
      await at.cluster.pod('web', { namespace: at.namespace })
      at.cluster.writeLog(
        'web',
        Array.from({ length: 50_000 }, (_, index) => `line ${index} ${'x'.repeat(100)}`),
        { namespace: at.namespace },
      )
    },
    run: async (at) => {
      const much = await at.kubectl(['logs', 'web'])
      return { ...much, stdout: digest(much.bytes) }
    },
  },
  {
    name: 'logs -l, of several pods',
    before: async (at) => {
      await logged(at)
      await at.cluster.pod('other', { namespace: at.namespace })
    },
    run: (at) => at.kubectl(['logs', '-l', 'app in (web,other)', '--prefix', '--tail=1']),
    shows: 'line 20',
    sorted: true,
  },
  {
    name: 'kubectl proxy',
    before: logged,
    run: (at) =>
      whileRunning(
        at.cluster.binaries.kubectl,
        ['proxy', '--append-server-path', '--port=0', '--address=127.0.0.1'],
        /Starting to serve on (\S+)/,
        async (match) => {
          const answer = await fetch(`http://${match[1]}/api/v1/namespaces/${at.namespace}/pods/web?fields=none`)
          const { metadata } = (await answer.json()) as { metadata: { name: string } }
          return ran(`${answer.status} ${metadata.name}`)
        },
        { env: { HOME: at.folder, KUBECONFIG: at.way.kubeconfig } },
      ),
    shows: '200 web',
  },
]

async function logged(at: Place): Promise<void> {
  await at.cluster.pod('web', { namespace: at.namespace })
  const lines = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`)
  at.cluster.writeLog('web', lines, { namespace: at.namespace })
  at.cluster.writeLog('web', ['before the crash'], { namespace: at.namespace, previous: true })
}

/** Bytes of every value, the same ones each time. */
function fixedBytes(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, index) => (index * 167 + (index >> 8)) & 0xff))
}

/** While somebody listens who says back what is said, once the other side has ended. */
async function echoing<T>(use: (port: number) => Promise<T>): Promise<T> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    const heard: Buffer[] = []
    socket.on('error', () => undefined)
    socket.on('data', (piece: Buffer) => heard.push(piece))
    socket.on('end', () => socket.end(Buffer.concat([Buffer.from('echo:'), ...heard])))
  })
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  )
  try {
    return await use(port)
  } finally {
    server.close()
  }
}
