import { readFileSync } from 'node:fs'
import { type NoteVerifier, parseVkey, TlogError } from '../tlog/index.ts'
import { checkpointFiles, readWitnessKey, serveWitness, Witness, type WitnessEvent } from '../witness/index.ts'
import { CliError } from './errors.ts'
import { createLog, type LogFormat } from './log.ts'
import type { Signals } from './serve.ts'
import type { Shell } from './shell.ts'

export interface RunWitnessOptions {
  readonly host: string
  readonly port: number
  readonly folder: string
  /** Verifier keys. */
  readonly logs: readonly string[]
  /** Paths of PEM files. */
  readonly tls?: { readonly cert: string; readonly key: string }
  readonly format: LogFormat
  /** How the start line is printed. */
  readonly json: boolean
}

/**
 * Runs a witness in this process until it is told to stop.
 * @throws WitnessError, CliError where it does not start
 */
export async function runWitness(options: RunWitnessOptions, shell: Shell, signals: Signals = process): Promise<void> {
  const { surroundings, printer } = shell
  const { folder, host, port, tls, json } = options
  const key = readWitnessKey(folder)
  const log = createLog({ format: options.format, level: 'info', destination: surroundings.stderr })
  const logs = options.logs.map(keyOfLog)
  const onEvent = ({ outcome, ...fields }: WitnessEvent) =>
    log[outcome === 'cosigned' || outcome === 'stale' ? 'info' : 'warn'](fields, sentences[outcome])
  const witness = new Witness({ key, logs, store: checkpointFiles(folder), now: () => Date.now() / 1000, onEvent })
  const stopping = stopAsked(signals)
  // It answers what is under way, which ending this process would not.
  const isWanted = surroundings.release()
  try {
    if (!isWanted) return
    const running = await serveWitness(witness, {
      host,
      port,
      ...(tls && { tls: { cert: read(tls.cert), key: read(tls.key) } }),
      onFailure: (error) => log.error({ err: error }, 'a request could not be answered'),
    })
    if (json) printer.jsonLine({ url: running.url, name: key.name, vkey: key.vkey, logs: witness.origins })
    else {
      printer.line(`${key.name} listens on ${running.url}`)
      for (const origin of witness.origins) printer.line(`watches ${origin}`)
      printer.line(`verifier key: ${key.vkey}`)
    }
    await stopping.asked
    await running.close()
  } finally {
    stopping.forget()
  }
}

const sentences: Record<WitnessEvent['outcome'], string> = {
  cosigned: 'cosigned',
  stale: 'the log asked from another size than the one that it was at',
  inconsistent: 'refused: the proof does not show that the log only appended',
  split: 'refused: a second checkpoint of the same size, with another root. Both are kept, as evidence',
}

function keyOfLog(vkey: string): NoteVerifier {
  try {
    const verifier = parseVkey(vkey)
    if (verifier.kind === 'ed25519') return verifier
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause
    throw new CliError('GS_CLI_USAGE', `--log takes the verifier key of a log. ${cause.message}`, { cause })
  }
  throw new CliError('GS_CLI_USAGE', '--log takes the verifier key of a log; this is that of a witness.')
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new CliError('GS_CLI_FILE', `${path} cannot be read.`, { cause })
  }
}

function stopAsked(signals: Signals): { readonly asked: Promise<void>; forget(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  signals.on('SIGTERM', resolve)
  signals.on('SIGINT', resolve)
  return {
    asked: promise,
    forget() {
      signals.off('SIGTERM', resolve)
      signals.off('SIGINT', resolve)
    },
  }
}
