// A program that speaks MCP over standard input and output as badly as a request asks it to.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

if (process.argv[2] === 'dies') {
  process.stderr.write('cannot find my database\n')
  process.exit(3)
}

const say = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)

const ways = {
  initialize: (id, params) =>
    say({ id, result: { protocolVersion: params.protocolVersion ?? '2025-11-25', capabilities: {}, serverInfo: { name: 'hostile' } } }),
  self: (id) => say({ id, result: { pid: process.pid, uid: process.getuid(), cwd: process.cwd(), env: process.env } }),
  huge(id) {
    process.stdout.write('x'.repeat(3_000_000))
    say({ id, result: {} })
  },
  garbage(id) {
    process.stdout.write('Listening on port 3000\n\u001b[2J{"jsonrpc":\n[]\n{"jsonrpc":"2.0","id":1}\n\n')
    process.stdout.write(Buffer.from([0xff, 0xfe, 0x0a]))
    process.stdout.write('password=hunter2-hunter2 in a line of a log\n')
    say({ id, result: 'after garbage' })
  },
  die() {
    process.exit(1)
  },
  fork(id) {
    // It holds the pipes, ignores SIGTERM, and would outlive its parent.
    const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'], { stdio: 'inherit' })
    say({ id, result: child.pid })
  },
  // Out of its group: with the pipes, and where it says so, without the environment and elsewhere.
  leave(id, { clean }) {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      ...{ stdio: 'inherit', detached: true },
      ...(clean && { env: {}, cwd: '/' }),
    })
    say({ id, result: child.pid })
  },
  stay(id) {
    process.on('SIGTERM', () => undefined)
    setInterval(() => undefined, 1000)
    say({ id, result: process.pid })
  },
  stderr(id) {
    process.stderr.write(`token sk-proj-${'a1B2'.repeat(12)}\n`)
    process.stderr.write(`the secret is ${process.env.HOSTILE_KEY}\n`)
    process.stderr.write('y'.repeat(100_000))
    for (let line = 0; line < 5_000; line++) process.stderr.write(`line ${line}\n`)
    say({ id, result: 'said a lot' })
  },
  lines(id) {
    process.stdout.write(`{"jsonrpc":"2.0",\r"id":${id},\r"result":"data: forged\\r\\n"}\n`)
  },
  twice(id) {
    say({ id: 'nobody asked', result: 1 })
    say({ id, result: 'first' })
    say({ id, result: 'second' })
  },
  tell(id) {
    say({ method: 'notifications/message', params: { n: 1 } })
    say({ id: 99, method: 'roots/list' })
    say({ id, result: 'told' })
  },
  deaf() {
    process.stdin.pause()
    setInterval(() => undefined, 1000)
  },
  late(id) {
    say({ method: 'notifications/message', params: { n: 1 } })
    setTimeout(() => say({ id, result: 'late' }), 300)
  },
  flood() {
    const more = () => {
      while (
        process.stdout.write(
          `${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { data: 'z'.repeat(50_000) } })}\n`,
        )
      );
      process.stdout.once('drain', more)
    }
    more()
  },
  never: () => undefined,
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line)
  if (id !== undefined && method === undefined) return say({ method: 'notifications/heard', params: { id } })
  if (id === undefined) return
  const way = ways[method]
  if (way) way(id, params ?? {})
  else say({ id, error: { code: -32601, message: 'Method not found' } })
})
