import { realpathSync, statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { checkLog, type Terms } from './check-log.ts'
import { type Region, readFile, readRegion, withFile } from './input.ts'
import { parseCheckpoint, parsePolicy, trustKeys } from './policy.ts'
import { openFile, openFolder, readClaims } from './sources.ts'
import { harmless, parseFields, Report, refuse, VERDICTS } from './verdict.ts'

const USAGE = `usage: gatescribe-verify (--policy FILE | --key VKEY…) [options] LOG-FOLDER | BUNDLE | PROOF | RECEIPT | DISCLOSURE

  --policy FILE      whom you trust: logs, witnesses and quorum (C2SP tlog-policy)
  --key VKEY         a key of the log that you trust, instead of a policy; may come again
  --checkpoint FILE  a checkpoint that you kept: the log must have grown from it
  --entry FILE       the entry that a .tlog-proof is about
  --json, --quiet    one JSON object instead of lines, or nothing but the exit code

exit codes: 0 verified, 2 usage, 3 input that cannot be read; else the first that fails of
  ${VERDICTS.map((verdict, at) => `${10 + at} ${verdict}`).join(', ')}
`
const [TEXT, KEYS, FLAG] = [{ type: 'string' }, { type: 'string', multiple: true }, { type: 'boolean' }] as const
const OPTIONS = { policy: TEXT, key: KEYS, checkpoint: TEXT, entry: TEXT, json: FLAG, quiet: FLAG, help: FLAG }

/** A command that cannot be carried out as it was written. */
class Usage extends Error {}

/** Verifies a log folder, bundle, proof, receipt or disclosure: which one, its content says. @throws Unusable */
export function verify(input: string, terms: Terms): Report {
  const [report, path, { entry, kept }] = [new Report(), realpathSync(input), terms]
  const check = (file?: Region) => {
    const begin = file ? readRegion({ ...file, length: Math.min(file.length, 20) }).toString('latin1') : ''
    const [isProof, isJson] = [begin === 'c2sp.org/tlog-proof@', begin.startsWith('{')]
    if (isProof !== (entry !== undefined)) throw new Usage('--entry goes with a .tlog-proof, which needs it')
    if (kept && (isProof || isJson)) throw new Usage('--checkpoint goes with a log folder or a bundle')
    const sources = file && isJson ? readClaims(parseFields(readRegion(file))) : [file ? openFile(file, entry) : openFolder(path)]
    for (const source of sources) checkLog(source, terms, report)
  }
  if (statSync(path).isDirectory()) check()
  else withFile(path, check)
  return report
}

/** The command line. @param argv without node and script. @returns the exit code */
export function main(argv: readonly string[]): number {
  const [json, quiet] = [argv.includes('--json'), argv.includes('--quiet')]
  const say = (text: string, exit: number, stream: NodeJS.WritableStream = process.stdout) => {
    if (!quiet) stream.write(text)
    return exit
  }
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true })
    const [{ policy, key, checkpoint, entry, help }, [input, another]] = [values, positionals]
    if (help) return say(USAGE, 0)
    if (!input || another || !policy === !key) throw new Usage('one input is verified at a time, and either --policy or --key is given')
    const report = verify(input, {
      trust: policy === undefined ? trustKeys(key ?? []) : parsePolicy(read(policy)),
      kept: checkpoint === undefined ? undefined : parseCheckpoint(read(checkpoint)),
      entry: entry === undefined ? undefined : read(entry),
      tell: (entries) => void (json || quiet || process.stderr.write(`${entries} entries so far\n`)),
    })
    return say(report.print(json), report.exit)
  } catch (error) {
    const { message, code = '' } = error as NodeJS.ErrnoException
    // A file that is missing within a log is no error of the system: this is one that the command names.
    const exit = error instanceof Usage || code === 'ENOENT' || code.startsWith('ERR_PARSE_ARGS') ? 2 : 3
    if (json) return say(`${JSON.stringify({ verified: false, exit, problem: harmless(message) })}\n`, exit)
    return say(`gatescribe-verify: ${harmless(message)}\n`, exit, process.stderr)
  }
}

/** A file that the auditor named: links are followed. */
const read = (path: string) => readFile(realpathSync(path)) ?? refuse(`${path} is gone`)
