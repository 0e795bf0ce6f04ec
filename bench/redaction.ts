// What redaction costs beside copying the same bytes, and beside one look for one word.
//
//   node tools/node/run.js bench/redaction.ts [--seconds 1] [--json]
import { parseArgs } from 'node:util'
import { redactParameters, redactSql, redactText } from '../src/redaction/index.ts'

const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '1' }, json: { type: 'boolean', default: false } } })
const SECONDS = Number(options.seconds)

const short = Buffer.from('SELECT id, name, total FROM orders WHERE id = $1 AND x = 5;')
const parameters = Buffer.from('0000000100000004000000002a0000', 'hex')
const long = Buffer.alloc(4 << 20, 'INSERT INTO orders (id, name, total) VALUES (1, $$hello there$$, 42.50);\n')
const named = Buffer.from('SELECT id, name, password_hash FROM users WHERE email = $1')
const secret = Buffer.from("ALTER ROLE bob WITH LOGIN PASSWORD 'hunter2-Xyzzy9' VALID UNTIL '2030-01-01'")
const scratch = Buffer.allocUnsafe(long.length)

interface Row {
  readonly work: string
  readonly bytes: number
  readonly nanoseconds: number
  readonly megabytesPerSecond: number
}

/** The median of five rounds. */
function measure(work: string, bytes: Uint8Array, does: (bytes: Uint8Array) => unknown): Row {
  const rounds = [1, 2, 3, 4, 5].map(() => {
    let times = 0
    const started = performance.now()
    const until = started + (SECONDS * 1000) / 5
    let now = started
    while (now < until) {
      const batch = bytes.length > 4096 ? 1 : 1000
      for (let each = 0; each < batch; each++) does(bytes)
      times += batch
      now = performance.now()
    }
    return ((now - started) / times) * 1e6
  })
  const nanoseconds = rounds.sort((a, b) => a - b)[2] as number
  return { work, bytes: bytes.length, nanoseconds, megabytesPerSecond: (bytes.length / nanoseconds) * 1000 }
}

const contenders: [work: string, bytes: Uint8Array, does: (bytes: Uint8Array) => unknown][] = []
for (const [what, bytes] of [
  ['60 bytes of SQL', short],
  ['4 MiB of SQL', long],
] as const) {
  contenders.push([`${what}: copy`, bytes, (each) => scratch.set(each)])
  contenders.push([`${what}: includes('password')`, bytes, (each) => (each as Buffer).includes('password')])
  contenders.push([`${what}: redactSql, nothing there`, bytes, redactSql])
  contenders.push([`${what}: redactText, nothing there`, bytes, (each) => redactText(each)])
}
contenders.push(['parameters: redactParameters, nothing there', parameters, (each) => redactParameters(each)])
contenders.push(['a column password_hash: redactSql, nothing redacted', named, redactSql])
contenders.push(['ALTER ROLE … PASSWORD: redactSql', secret, redactSql])

const rows = contenders.map(([work, bytes, does]) => measure(work, bytes, does))
if (options.json) console.log(JSON.stringify(rows))
else {
  console.log('| work | of a copy | ns | MB/s |\n| --- | ---: | ---: | ---: |')
  for (const { work, bytes, nanoseconds, megabytesPerSecond } of rows) {
    const copy = rows.find((row) => row.bytes === bytes && row.work.endsWith('copy'))
    const ratio = copy === undefined ? '–' : (nanoseconds / copy.nanoseconds).toFixed(1)
    console.log(`| ${work} | ${ratio} | ${nanoseconds.toFixed(0)} | ${megabytesPerSecond.toFixed(0)} |`)
  }
}
