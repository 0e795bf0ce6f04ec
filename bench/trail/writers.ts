// How the trail should wait for its disk: a write on the main thread, libuv's pool, or a thread of its own.
//
//   node tools/node/run.js bench/trail/writers.ts [--seconds 2] [--folder <on the disk to measure>] [--json]
//     [--load callers|relay] [--callers 8,64] [--rounds 3]
//
// "callers": each waits for its own entry to be durable, then appends the next. "relay": as many connections of another process
// send 64 bytes and wait for the answer, which is sent when the entry is durable: a gateway's work without a gateway.
import { fork } from 'node:child_process'
import { closeSync, constants, fstatSync, mkdtempSync, openSync, write } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import type { Trail } from '../../src/trail/index.ts'
import { folderFiles, type SegmentFiles } from '../../src/trail/segment-files.ts'
import { TestTrail, testSealer } from '../../test/parts/trail.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    folder: { type: 'string', default: tmpdir() },
    json: { type: 'boolean', default: false },
    load: { type: 'string', default: 'callers,relay' },
    callers: { type: 'string', default: '1,8,64,256' },
    rounds: { type: 'string', default: '1' },
  },
})
const SECONDS = Number(options.seconds)
const PARAMETERS = Buffer.from('0000000100000004000000002a', 'hex')

interface Row {
  readonly load: 'callers' | 'relay'
  readonly writer: string
  readonly callers: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  /** µs per entry: of the main thread, and of the whole process. */
  readonly mainCpu: number
  readonly processCpu: number
  readonly perBatch: number
}

/** (a) The write on the main thread. */
const onMainThread = (folder: string): SegmentFiles => folderFiles(folder)

/** (b) libuv's pool. */
function onPool(folder: string): SegmentFiles {
  return {
    ...folderFiles(folder),
    openForWriting(name) {
      const file = openSync(join(folder, name), constants.O_WRONLY | constants.O_DSYNC)
      return {
        size: fstatSync(file).size,
        write: (bytes, position, done) => write(file, bytes, 0, bytes.byteLength, position, (error) => done(error ?? undefined)),
        close: () => closeSync(file),
      }
    },
  }
}

/** (c) A thread that sleeps on shared memory and wakes the main thread through Atomics.waitAsync. */
function onOwnThread(folder: string): SegmentFiles {
  const control = new Int32Array(new SharedArrayBuffer(20))
  const space = new Uint8Array(new SharedArrayBuffer(4 << 20))
  new Worker(
    `const { workerData: { control, space } } = require('node:worker_threads'); const { writeSync } = require('node:fs')
     for (let turn = 0; ; turn++) {
       Atomics.wait(control, 0, turn)
       writeSync(control[1], space, 0, control[2], control[3])
       Atomics.add(control, 4, 1); Atomics.notify(control, 4)
     }`,
    { eval: true, workerData: { control, space } },
  )
  return {
    ...folderFiles(folder),
    openForWriting(name) {
      const file = openSync(join(folder, name), constants.O_WRONLY | constants.O_DSYNC)
      return {
        size: fstatSync(file).size,
        write(bytes, position, done) {
          space.set(bytes)
          control[1] = file
          control[2] = bytes.byteLength
          control[3] = position
          const woken = Atomics.waitAsync(control, 4, Atomics.load(control, 4))
          Atomics.add(control, 0, 1)
          Atomics.notify(control, 0)
          if (woken.async) void woken.value.then(() => done(undefined))
          else setImmediate(done, undefined)
        },
        close: () => closeSync(file),
      }
    },
  }
}

async function measure(load: 'callers' | 'relay', writer: string, files: (folder: string) => SegmentFiles, callers: number): Promise<Row> {
  const house = new TestTrail(testSealer(), mkdtempSync(join(options.folder, 'trail-bench-')))
  let batches = 0
  const inner = files(join(house.folder, 'trail'))
  const trail = await house.open({
    segmentBytes: 64 << 20,
    files: {
      ...inner,
      openForWriting(name) {
        const segment = inner.openForWriting(name)
        return {
          ...segment,
          write(bytes, position, done) {
            batches++
            segment.write(bytes, position, done)
          },
        }
      },
    },
  })
  const latencies: number[] = []
  const cpu = process.cpuUsage()
  const main = process.threadCpuUsage()
  const start = performance.now()
  await (load === 'callers' ? closedLoop(trail, callers, latencies) : relayed(trail, callers, latencies))
  const seconds = (performance.now() - start) / 1000
  const total = process.cpuUsage(cpu)
  const mine = process.threadCpuUsage(main)
  await house.remove()
  latencies.sort((a, b) => a - b)
  const n = latencies.length
  return {
    load,
    writer,
    callers,
    perSecond: Math.round(n / seconds),
    p50: round(latencies[Math.floor(n / 2)] as number),
    p99: round(latencies[Math.floor(n * 0.99)] as number),
    mainCpu: round((mine.user + mine.system) / n),
    processCpu: round((total.user + total.system) / n),
    perBatch: round(n / batches),
  }
}

/** An intent that repeats a statement with new parameters. */
function intend(trail: Trail, key: ReturnType<Trail['sessionKey']>, n: number): void {
  trail.append({
    kind: 'operation.intent',
    fields: { ops: [[n, 3, 1]], session: 'ses_0123456789abcdef' },
    payloads: [{ name: `parameters.${n}`, key, content: PARAMETERS }],
  })
}

function closedLoop(trail: Trail, callers: number, latencies: number[]): Promise<void> {
  return new Promise((resolve) => {
    const until = performance.now() + SECONDS * 1000
    let running = callers
    for (let caller = 0; caller < callers; caller++) {
      const key = trail.sessionKey()
      let n = 0
      let since = 0
      const next = () => {
        since = performance.now()
        intend(trail, key, ++n)
        trail.whenDurable(done)
      }
      const done = () => {
        const now = performance.now()
        latencies.push(now - since)
        if (now < until) next()
        else if (--running === 0) resolve()
      }
      next()
    }
  })
}

async function relayed(trail: Trail, callers: number, latencies: number[]): Promise<void> {
  const server = createServer({ noDelay: true }, (socket) => {
    const key = trail.sessionKey()
    let n = 0
    socket.on('data', (chunk) => {
      intend(trail, key, ++n)
      trail.whenDurable(() => socket.write(chunk))
    })
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const child = fork(new URL(import.meta.url).pathname, ['--seconds', options.seconds], {
    env: { ...process.env, TRAIL_BENCH: `${(server.address() as AddressInfo).port} ${callers}` },
  })
  const [measured] = await new Promise<[number[]]>((resolve) => child.once('message', (message) => resolve([message as number[]])))
  for (const each of measured) latencies.push(each)
  await new Promise((resolve) => server.close(resolve))
}

/** The other end of "relay", in its own process. */
async function clients(port: number, callers: number): Promise<void> {
  const latencies: number[] = []
  const until = performance.now() + SECONDS * 1000
  const request = Buffer.alloc(64)
  await Promise.all(
    Array.from({ length: callers }, () => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      let since = performance.now()
      socket.on('data', () => {
        const now = performance.now()
        latencies.push(now - since)
        since = now
        if (now < until) socket.write(request)
        else socket.destroy()
      })
      socket.once('connect', () => socket.write(request))
      return new Promise((resolve) => socket.once('close', resolve))
    }),
  )
  process.send?.(latencies, () => process.exit(0))
}

const round = (value: number) => Math.round(value * 1000) / 1000

const WRITERS = [
  ['main thread', onMainThread],
  ['libuv pool', onPool],
  ['own thread', onOwnThread],
] as const

async function run(): Promise<void> {
  const rows: Row[] = []
  for (const load of options.load.split(',') as Row['load'][]) {
    for (const callers of options.callers.split(',').map(Number)) {
      // Round by round, so that what else the machine does falls on all three alike.
      const writers = Array.from({ length: Number(options.rounds) }, () => WRITERS).flat()
      for (const [writer, files] of writers) {
        const row = await measure(load, writer, files, callers)
        rows.push(row)
        if (!options.json) console.log(JSON.stringify(row))
      }
    }
  }
  if (options.json) console.log(JSON.stringify({ cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, rows }, undefined, 2))
  else console.table(rows)
  // The sleeping threads of (c) do not end by themselves.
  process.exit()
}

const [port, callers] = (process.env.TRAIL_BENCH ?? '').split(' ').map(Number)
if (port && callers) await clients(port, callers)
else await run()
