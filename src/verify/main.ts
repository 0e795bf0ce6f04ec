import { realpathSync, statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { openBundle } from './bundle.ts'
import { checkLog, type Terms } from './check-log.ts'
import { type Region, readFile, readRegion, withFile } from './files.ts'
import { parseFields } from './json.ts'
import { openLogFolder } from './log-folder.ts'
import { parseCheckpoint } from './note.ts'
import { parsePolicy, trustKeys } from './policy.ts'
import { checkClaims, readClaims, readProof } from './proofs.ts'
import { harmless, Report, refuse } from './verdict.ts'

const USAGE = `usage: gatescribe-verify (--policy FILE | --key VKEY…) [options] INPUT

INPUT is a log folder, or a bundle, .tlog-proof, receipt or disclosure: which one is seen from its content.

  --policy FILE      whom you trust: logs, witnesses and quorum (C2SP tlog-policy)
  --key VKEY         a key of the log that you trust, instead of a policy; may come again
  --checkpoint FILE  a checkpoint that you kept: the log must have grown from it
  --entry FILE       the entry that a .tlog-proof is about
  --json, --quiet    one JSON object instead of lines, or nothing but the exit code

exit codes: 0 verified, 2 usage, 3 input that cannot be read; else the first that fails of
  10 signature, 11 append-only, 12 inclusion, 13 complete, 14 witnessed, 15 semantic, 16 payload
`
/** How often progress is told, ms. */
const TELL = 2000
/** How a .tlog-proof begins. */
const MARK = 'c2sp.org/tlog-proof@'
const [TEXT, KEYS, FLAG] = [{ type: 'string' }, { type: 'string', multiple: true }, { type: 'boolean' }] as const
const OPTIONS = { policy: TEXT, key: KEYS, checkpoint: TEXT, entry: TEXT, json: FLAG, quiet: FLAG, help: FLAG }

/** A command that cannot be carried out as it was written. */
class Usage extends Error {}

/** What the auditor gives: `entry` is that of a .tlog-proof. */
export type Options = Terms & { readonly entry?: Buffer | undefined }

/** Verifies a log folder, bundle, proof, receipt or disclosure: which one, its content says. @throws Unusable */
export function verify(input: string, { entry, ...terms }: Options): Report {
  const [report, path] = [new Report(), realpathSync(input)]
  const check = (file: Region | undefined) => {
    const begin = file ? readRegion({ ...file, length: Math.min(file.length, MARK.length) }).toString('latin1') : ''
    const [isProof, isJson] = [begin === MARK, begin.startsWith('{')]
    if (isProof !== (entry !== undefined)) throw new Usage('--entry goes with a .tlog-proof, which needs it')
    if (terms.kept && (isProof || isJson)) throw new Usage('--checkpoint goes with a log folder or a bundle')
    if (!file) checkLog(openLogFolder(path), terms, report)
    else if (entry) checkClaims([readProof(readRegion(file), entry)], terms.trust, report)
    else if (isJson) checkClaims(readClaims(parseFields(readRegion(file))), terms.trust, report)
    else checkLog(openBundle(file), terms, report)
  }
  if (statSync(path).isDirectory()) check(undefined)
  else withFile(path, check)
  return report
}

/** The command line. @param argv without node and script. @returns the exit code */
export function main(argv: readonly string[]): number {
  const [json, quiet] = [argv.includes('--json'), argv.includes('--quiet')]
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true })
    const { policy, key, checkpoint, entry, help } = values
    const [input, another] = positionals
    if (help) return say(USAGE, 0)
    if (input === undefined || another !== undefined) throw new Usage('one input is verified at a time')
    if ((policy === undefined) === (key === undefined)) throw new Usage('either --policy or --key says whom you trust')
    const report = verify(input, {
      trust: policy === undefined ? trustKeys(key ?? []) : parsePolicy(read(policy)),
      kept: checkpoint === undefined ? undefined : parseCheckpoint(read(checkpoint)),
      entry: entry === undefined ? undefined : read(entry),
      seen: json || quiet ? undefined : progress(),
    })
    return say(quiet ? '' : report.print(json), report.exit)
  } catch (error) {
    const { message, code = '' } = error as NodeJS.ErrnoException
    // A file that is missing within a log is no error of the system: this is one that the command names.
    const exit = error instanceof Usage || code === 'ENOENT' || code.startsWith('ERR_PARSE_ARGS') ? 2 : 3
    if (json) return say(quiet ? '' : `${JSON.stringify({ verified: false, exit, problem: harmless(message) })}\n`, exit)
    return say(quiet ? '' : `gatescribe-verify: ${harmless(message)}\n`, exit, process.stderr)
  }
}

function say(text: string, exit: number, stream: NodeJS.WriteStream = process.stdout): number {
  stream.write(text)
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

/** A file that the auditor named: links are followed. */
const read = (path: string) => readFile(realpathSync(path)) ?? refuse(`${path} is gone`)
