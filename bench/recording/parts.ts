// CPU of recording, part by part, per statement of `pgbench -S -M prepared`: on the connections' thread, and on the recorder's.
import { hash, randomBytes } from 'node:crypto'
import { PostgresTranscriber } from '../../src/protocols/postgres/recording/index.ts'
import * as build from '../../src/protocols/postgres/wire/build.ts'
import { backend } from '../../src/protocols/postgres/wire/codes.ts'
import { type Encoded, SegmentEncoder } from '../../src/recording/index.ts'
import { Reel } from '../../src/recording/reel.ts'
import { SessionRecorder } from '../../src/recording/session-recorder.ts'

const STATEMENTS = 400_000
const row = (value: string) => {
  const body = Buffer.alloc(6 + value.length)
  body.writeUInt16BE(1, 0)
  body.writeUInt32BE(value.length, 2)
  body.write(value, 6)
  return build.message(backend.dataRow, body)
}
const messages = [
  build.message(backend.bindComplete, Buffer.alloc(0)),
  row('-1234567'),
  build.message(backend.commandComplete, Buffer.from('SELECT 1\0')),
  build.readyForQuery(0x49),
]
const answer = Buffer.concat(messages)
const ends: number[] = []
for (const message of messages) ends.push((ends.at(-1) ?? 0) + message.length)

const tapes: Uint8Array<ArrayBuffer>[] = []
const recorder = new SessionRecorder(
  new Reel('ses_1', false, {
    began: () => undefined,
    crowded: false,
    full(from) {
      tapes.push(from.take().tape)
      from.settled([])
    },
  }),
  { rows: 1000, bytes: 1024 * 1024 },
)

function statements(count: number): void {
  for (let n = 0; n < count; n++) {
    // A chunk of its own each time, as from a socket.
    const chunk = Buffer.from(answer)
    let at = 0
    for (let message = 0; message < ends.length; message++) {
      if (message < 3) recorder.op(n + 1)
      recorder.add(chunk, at, ends[message]!)
      at = ends[message]!
    }
    recorder.wrote()
  }
}
function bare(count: number): number {
  let sum = 0
  for (let n = 0; n < count; n++) sum += Buffer.from(answer).length
  return sum
}

const cpu = (work: () => unknown): number => {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

statements(100_000)
bare(100_000)
tapes.length = 0
const tap = cpu(() => statements(STATEMENTS)) - cpu(() => bare(STATEMENTS))
const encoder = new SegmentEncoder({ postgres: (lines) => new PostgresTranscriber(lines) })
const order = (tape: Uint8Array<ArrayBuffer>, segment: number) => ({
  n: segment,
  session: 'ses_1',
  protocol: 'postgres',
  segment,
  started: '',
  tape,
})
for (const [at, tape] of tapes.slice(0, 4).entries()) encoder.take(order(tape, at))
const encoded: Encoded[] = []
const thread = cpu(() => {
  for (const [at, tape] of tapes.entries()) encoded.push(encoder.take(order(tape, at)) as Encoded)
})
const compressed = encoded.reduce((sum, { content }) => sum + content.length, 0)
const lines = encoded.reduce((sum, { bytes }) => sum + bytes, 0)
const salt = randomBytes(32)
const sealing = cpu(() => {
  for (const { content } of encoded) hash('sha256', Buffer.concat([salt, content]))
})
const per = (micros: number) => (micros / STATEMENTS).toFixed(2)
console.log(`connections' thread ${per(tap)} µs, recorder's thread ${per(thread)} µs, digest ${per(sealing)} µs per statement`)
console.log(
  `${tapes.length} segments; per statement ${(lines / STATEMENTS).toFixed(0)} bytes of lines, ${(compressed / STATEMENTS).toFixed(1)} bytes stored; ${answer.length} bytes shown`,
)

// A session of one statement: a segment of its own.
const SHORT = 2_000
const short = tapes[0]!.slice(0, 600)
for (let n = 0; n < 200; n++) encoder.take(order(short, n))
const each = cpu(() => {
  for (let n = 0; n < SHORT; n++) {
    encoder.take({ ...order(short, 1), session: `ses_${n}` })
    encoder.take({ forget: `ses_${n}` })
  }
})
console.log(`recorder's thread ${(each / SHORT).toFixed(0)} µs per segment of ${short.length} bytes`)
