// How often the detectors are right on a corpus made for it, and how fast they are.
//
//   node tools/node/run.js bench/detectors.ts [--seed 20260301] [--each 1000] [--seconds 1] [--json]
import { parseArgs } from 'node:util'
import { DetectorStream, detect, detectInJson, detectors } from '../src/masking/index.ts'
import { corpus } from '../test/detectors/corpus.ts'
import { score } from '../test/detectors/score.ts'

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: '20260301' },
    each: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const SECONDS = Number(options.seconds)

const scores = score(corpus(Number(options.seed), Number(options.each)))

const prose = Buffer.alloc(
  1 << 20,
  'The order was shipped on time, and the customer asked for another invoice because the address had changed. ',
)
const rows = Buffer.alloc(
  1 << 20,
  '10482\tAnna Becker\tanna.becker@example.com\t2026-03-01 12:04:55.123+00\t149.90\tshipped\tBerlin\tleft with neighbour\n',
)
const log = Buffer.alloc(
  1 << 20,
  '{"level":"info","time":"2026-03-01T12:04:55.123Z","msg":"request done","path":"/orders/10482","status":200,"ms":12,"from":"10.0.3.7"}\n',
)
const words = Buffer.from('left with the neighbour')
const cell = Buffer.from('anna.becker@example.com')

const all = detectors()
const withOwn = detectors(undefined, [{ name: 'employee', pattern: 'EMP-[0-9]{4,8}' }])
const scratch = Buffer.alloc(1 << 20)

function streamed(bytes: Buffer): void {
  const stream = new DetectorStream(all, 100)
  for (let at = 0; at < bytes.length; at += 64 * 1024) stream.push(bytes.subarray(at, at + 64 * 1024), 0)
  stream.end()
}

const work: readonly (readonly [name: string, bytes: Buffer, does: (bytes: Buffer) => unknown])[] = [
  ['copy', rows, (bytes) => scratch.set(bytes)],
  ['prose', prose, (bytes) => detect(bytes, all)],
  ['rows with a mail address each', rows, (bytes) => detect(bytes, all)],
  ['rows, as a stream of 64 KiB', rows, streamed],
  ['log lines with an address each', log, (bytes) => detect(bytes, all)],
  ['log lines, read as JSON', log, (bytes) => detectInJson(bytes, all)],
  ['rows, and one pattern of the user', rows, (bytes) => detect(bytes, withOwn)],
  ['a cell of 23 bytes, nothing in it', words, (bytes) => detect(bytes, all)],
  ['a cell of 23 bytes, a mail address', cell, (bytes) => detect(bytes, all)],
]

/** Megabytes per second of the processor, whoever else is at work on it; the median of five rounds. */
function measure(bytes: Buffer, does: (bytes: Buffer) => unknown): number {
  const rounds = [1, 2, 3, 4, 5].map(() => {
    let times = 0
    const used = process.cpuUsage()
    const started = performance.now()
    const until = started + (SECONDS * 1000) / 5
    let now = started
    while (now < until) {
      const batch = bytes.length > 4096 ? 1 : 1000
      for (let each = 0; each < batch; each++) does(bytes)
      times += batch
      now = performance.now()
    }
    const { user, system } = process.cpuUsage(used)
    return (times * bytes.length) / (user + system)
  })
  return rounds.sort((a, b) => a - b)[2] as number
}

const speeds = work.map(([name, bytes, does]) => {
  const megabytesPerSecond = measure(bytes, does)
  return { work: name, megabytesPerSecond, nanosecondsEach: (bytes.length / megabytesPerSecond) * 1000 }
})

if (options.json) console.log(JSON.stringify({ scores, speeds }))
else {
  const share = (of: number) => of.toFixed(3)
  console.log('| detector | texts with one | precision | recall | found wrongly in |\n|---|---:|---:|---:|---|')
  for (const { detector, labelled, precision, recall, confused } of scores) {
    console.log(`| \`${detector}\` | ${labelled} | ${share(precision)} | ${share(recall)} | ${confused.slice(0, 4).join(', ') || '–'} |`)
  }
  console.log('\n| work | MB per second of CPU | ns each |\n|---|---:|---:|')
  for (const { work: name, megabytesPerSecond, nanosecondsEach } of speeds) {
    console.log(`| ${name} | ${megabytesPerSecond.toFixed(0)} | ${nanosecondsEach < 1e5 ? nanosecondsEach.toFixed(0) : '–'} |`)
  }
}
