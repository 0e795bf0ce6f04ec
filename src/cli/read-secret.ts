import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { CliError } from './errors.ts'
import type { Surroundings } from './surroundings.ts'

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/**
 * A secret from a file, from a terminal without echo, or from whatever is piped in. The caller clears it after use.
 * @returns its bytes, without one line break at the end: editors and `echo` add one
 * @throws CliError where none is given
 */
export async function readSecret(name: string, fromFile: string | undefined, surroundings: Surroundings): Promise<Uint8Array> {
  const given = withoutLineBreak(await readGiven(name, fromFile, surroundings))
  if (given.length === 0) throw new CliError('GS_CLI_NO_SECRET_GIVEN')
  return given
}

function readGiven(name: string, fromFile: string | undefined, surroundings: Surroundings): Promise<Buffer> | Buffer {
  if (fromFile !== undefined) return readFile(resolve(surroundings.folder, fromFile))
  return surroundings.stdin.isTTY ? readUnseen(`secret:${name}: `, surroundings) : buffer(surroundings.stdin)
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new CliError('GS_CLI_FILE', `${path} cannot be read.`, { cause: error })
  }
}

/** readline echoes to its output: here to nowhere. */
function readUnseen(prompt: string, { stdin, stderr, signal }: Surroundings): Promise<Buffer> {
  stderr.write(prompt)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: stdin, output: nowhere, terminal: true, historySize: 0 })
  return new Promise((answer, refuse) => {
    // The first of these settles the promise; closing then reports `close`, which no longer counts.
    const end = (settle: () => void) => {
      settle()
      lines.close()
      stderr.write('\n')
    }
    signal.addEventListener('abort', () => end(() => refuse(new CliError('GS_CLI_NO_SECRET_GIVEN'))), { once: true })
    // In raw mode Ctrl-C is a key like any other, and readline reports it.
    lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'))
    // Ctrl-D.
    lines.once('close', () => refuse(new CliError('GS_CLI_NO_SECRET_GIVEN')))
    lines.once('line', (line) => end(() => answer(Buffer.from(line, 'utf8'))))
  })
}

function withoutLineBreak(bytes: Buffer): Buffer {
  if (bytes.at(-1) !== LINE_FEED) return bytes
  return bytes.subarray(0, bytes.at(-2) === CARRIAGE_RETURN ? -2 : -1)
}
