import { closeSync, realpathSync, statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { openBundle } from './bundle.ts'
import { checkLog } from './check-log.ts'
import { openFile, type Region, readFile, readRegion } from './files.ts'
import { type Fields, field, parseFields } from './json.ts'
import { openLogFolder } from './log-folder.ts'
import { type Checkpoint, parseCheckpoint } from './note.ts'
import { parsePolicy, type Trust, trustKeys } from './policy.ts'
import { checkDisclosure, checkProof, checkReceipt } from './proofs.ts'
import { harmless, Report, Unusable } from './verdict.ts'

const USAGE = `usage: gatescribe-verify (--policy FILE | --key VKEY…) [options] INPUT

INPUT is a log folder, or a bundle, .tlog-proof, receipt or disclosure: which one is seen from its content.

  --policy FILE      whom you trust: logs, witnesses and quorum (C2SP tlog-policy)
  --key VKEY         a key of the log that you trust, instead of a policy; may come again
  --checkpoint FILE  a checkpoint that you kept: the log must have grown from it
  --entry FILE       the entry that a .tlog-proof is about
  --json             one JSON object instead of lines
  --quiet            nothing but the exit code
  --help

exit codes: 0 verified, 2 usage, 3 input that cannot be read; else the first that fails of
  10 signature, 11 append-only, 12 inclusion, 13 complete, 14 witnessed, 15 semantic, 16 payload
`
/** The largest file that is read whole, bytes: a disclosure, whose payloads have 32 MiB before they are in base64. */
const MAX_FILE = 48 << 20
/** How a .tlog-proof begins. */
const MARK = 'c2sp.org/tlog-proof@'
/** How often progress is told, ms. */
const TELL = 2000

const OPTIONS = {
  policy: { type: 'string' },
  key: { type: 'string', multiple: true },
  checkpoint: { type: 'string' },
  entry: { type: 'string' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

/** A command that cannot be carried out as it was written. */
class Usage extends Error {}

export interface Options {
  readonly trust: Trust
  readonly kept?: Checkpoint | undefined
  readonly entry?: Buffer | undefined
  /** Told the number of entries checked so far, now and then. */
  readonly seen?: (entries: number) => void
}

/** Verifies a log folder, bundle, proof, receipt or disclosure: which one, its content says. @throws Unusable */
export function verify(input: string, options: Options): Report {
  const [report, path] = [new Report(), named(input)]
  const file = statSync(path).isDirectory() ? undefined : openFile(path)
  try {
    check(path, file, options, report)
    return report
  } finally {
    if (file) closeSync(file.fd)
  }
}

function check(path: string, file: Region | undefined, { trust, kept, entry, seen = () => {} }: Options, report: Report): void {
  const begins = file && readRegion({ ...file, length: Math.min(file.length, MARK.length) }, MARK.length).toString('latin1')
  const [isProof, isJson] = [begins === MARK, begins?.startsWith('{') === true]
  if (isProof !== (entry !== undefined)) throw new Usage('--entry goes with a .tlog-proof, which needs it')
  if (kept && (isProof || isJson)) throw new Usage('--checkpoint goes with a log folder or a bundle')
  if (entry) checkProof(read(path), entry, trust, report)
  else if (isJson) checkFile(parseFields(read(path)) ?? {}, trust, report)
  else checkLog(file ? openBundle(file) : openLogFolder(path), trust, kept, report, seen)
}

function checkFile(file: Fields, trust: Trust, report: Report): void {
  const kind = field(file, 'version') === 1 ? field(file, 'gatescribe') : undefined
  if (kind === 'run-receipt') checkReceipt(file, trust, report)
  else if (kind === 'trail-disclosure') checkDisclosure(file, trust, report)
  else throw new Unusable('neither a receipt nor a disclosure, of version 1')
}

/** The command line. @param argv without node and script. @returns the exit code */
export function main(argv: readonly string[]): number {
  const [json, quiet] = [argv.includes('--json'), argv.includes('--quiet')]
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true })
    if (values.help) return say(USAGE, 0)
    const [input, ...more] = positionals
    if (input === undefined || more.length > 0) throw new Usage('one input is verified at a time')
    if ((values.policy === undefined) === (values.key === undefined)) throw new Usage('either --policy or --key says whom you trust')
    const trust = values.policy === undefined ? trustKeys(values.key ?? []) : parsePolicy(read(named(values.policy)))
    const kept = values.checkpoint === undefined ? undefined : parseCheckpoint(read(named(values.checkpoint)))
    const entry = values.entry === undefined ? undefined : read(named(values.entry))
    const report = verify(input, { trust, kept, entry, ...(json || quiet ? {} : { seen: progress() }) })
    return say(quiet ? '' : report.print(json), report.exit)
  } catch (error) {
    const { message, code = '' } = error as NodeJS.ErrnoException
    const exit = error instanceof Usage || code.startsWith('ERR_PARSE_ARGS') ? 2 : 3
    if (json) return say(quiet ? '' : `${JSON.stringify({ verified: false, exit, problem: harmless(message) })}\n`, exit)
    if (!quiet) process.stderr.write(`gatescribe-verify: ${harmless(message)}\n`)
    return exit
  }
}

function say(text: string, exit: number): number {
  process.stdout.write(text)
  return exit
}

function progress(): (entries: number) => void {
  let next = performance.now() + TELL
  return (entries) => {
    if (performance.now() < next) return
    next = performance.now() + TELL
    process.stderr.write(`${entries} entries so far\n`)
  }
}

/** A path that the auditor gave: links are followed. */
function named(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    throw new Usage(`there is no ${path}`)
  }
}

function read(path: string): Buffer {
  return readFile(path, MAX_FILE) ?? Buffer.alloc(0)
}
