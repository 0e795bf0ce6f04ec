import { type Command, InvalidArgumentError } from 'commander'
import type { TranscriptLine } from '../../api/local/index.ts'
import { CliError } from '../errors.ts'
import { harmlessJson } from '../harmless.ts'
import type { EitherWay } from '../reach-signed-in.ts'
import type { Beat } from '../replay/beat.ts'
import { type Place, placeOf } from '../replay/place.ts'
import { command, type Shell, talksToDoor, talksToGateway } from '../shell.ts'

interface Options extends EitherWay {
  readonly speed?: number
  readonly maxIdle: number
  readonly from?: Place
  readonly to?: Place
  readonly search?: string
  readonly list?: true
  readonly asciicast?: true
  readonly output?: string
  readonly json?: true
}

/** Bytes between two words about how far a download is. */
const STEP = 4 * 1024 * 1024

export function replayCommand({ surroundings, printer }: Shell): Command {
  const replay = command(
    'replay',
    'Replays what the client of a session saw, at its pace. That it is looked at is recorded first. Keys: space pauses, n goes to the next statement, / searches, q ends.',
    [
      'gatescribe replay ses_9mfq2x --speed 4',
      'gatescribe replay ses_9mfq2x --list',
      'gatescribe replay ses_9mfq2x --from "#12" --search customers',
      'gatescribe replay ses_9mfq2x --json -o session.jsonl',
      'gatescribe replay ses_9mfq2x --asciicast -o session.cast',
    ],
  )
    .argument('<session>', 'its id, ses_…')
    .option('--speed <times>', 'how many times as fast (default: 1 on a terminal; elsewhere nothing is waited for)', speedOf)
    .option('--max-idle <seconds>', 'the longest wait', secondsOf, 3)
    .option('--from <place>', 'begin there: seconds, 1m30s, 1:30, or an operation: #12', place)
    .option('--to <place>', 'end before there', place)
    .option('--search <text>', 'begin with the first statement that has this in its text or its answers')
    .option('--list', 'only list the statements, with their times')
    .option('-o, --output <file>', 'with --json or --asciicast: a new file (0600)')
    .option('--asciicast', 'as asciicast v3, where the session is a terminal')
    .action(async (session: string, options: Options) => {
      const { json, list, asciicast, output, speed, maxIdle, from, to, search, ...where } = options
      const { reachEitherWay } = await import('../reach-signed-in.ts')
      if (output !== undefined && !json && !asciicast) throw new CliError('GS_CLI_USAGE', '--output takes --json or --asciicast.')
      if (json && asciicast) throw new CliError('GS_CLI_USAGE', '--json and --asciicast are two forms of one recording: take one.')
      const lines = reachEitherWay(where, surroundings).transcript(session, { recording: 'true' }, surroundings.signal)
      if (json || asciicast) {
        const values = await asValues(lines, asciicast === true)
        return output === undefined ? printValues(values) : download(values, output)
      }
      const [{ beats }, { play }, keys, { printBeat }] = await Promise.all([
        import('../replay/beats.ts'),
        import('../replay/player.ts'),
        import('../replay/keys.ts'),
        import('../replay/print-beat.ts'),
      ])
      const { stdin, stdout, stderr, signal } = surroundings
      const atPace = stdout.isTTY === true && !list
      const isKeyed = atPace && stdin.isTTY === true
      const pressed = isKeyed ? keys.keysOf(stdin, stderr, signal, () => void process.kill(process.pid, 'SIGINT')) : keys.noKeys(signal)
      const pace = list ? undefined : (speed ?? (atPace ? 1 : undefined))
      const asked = { speed: pace, maxIdle, ...(from && { from }), ...(to && { to }), ...(search !== undefined && { search }) }
      try {
        const played = await play(beats(headed(lines), 'replay'), asked, pressed, (beat) => {
          if (!list) printBeat(beat, printer)
          else if (beat.begins) printer.line(inOneLine(beat), beat.lines[0]?.style)
        })
        if (played === 'not found' && !signal.aborted) throw new CliError('GS_CLI_NOT_IN_RECORDING')
      } finally {
        pressed.close()
      }
    })

  /** Says what is replayed, before its first line. */
  async function* headed(lines: AsyncIterable<TranscriptLine>): AsyncGenerator<TranscriptLine> {
    for await (const line of lines) {
      if ('session' in line) {
        const { id, run, resource, openedAt, client } = line.session
        const says = [client?.application, client?.user, client?.database].filter(Boolean).join(', ')
        printer.remark(`${id} of ${run} at ${resource}, ${openedAt.slice(0, 19)}Z${says === '' ? '' : `; says it is ${says}`}`)
      }
      yield line
    }
  }

  async function printValues(values: AsyncIterable<unknown>): Promise<void> {
    for await (const value of values) printer.jsonLine(value)
  }

  async function download(values: AsyncIterable<unknown>, output: string): Promise<void> {
    const { writeNewFile } = await import('../new-file.ts')
    let bytes = 0
    let told = 0
    let count = 0
    async function* pieces() {
      for await (const line of values) {
        const piece = Buffer.from(`${harmlessJson(line)}\n`)
        bytes += piece.length
        count += 1
        if (bytes - told >= STEP) {
          told = bytes
          printer.remark(`${Math.round(bytes / 1024 / 1024)} MiB`)
        }
        yield piece
      }
      // What was ended by Ctrl-C is no recording.
      surroundings.signal.throwIfAborted()
    }
    const path = await writeNewFile(output, pieces(), surroundings)
    printer.json({ path, lines: count, bytes })
  }

  return talksToGateway(talksToDoor(replay))
}

/** One value for each line of a file. */
async function asValues(lines: AsyncIterable<TranscriptLine>, asciicast: boolean): Promise<AsyncIterable<unknown>> {
  if (asciicast) return (await import('../replay/as-asciicast.ts')).asAsciicast(lines)
  return (await import('../replay/as-json-lines.ts')).asJsonLines(lines)
}

/** Characters of a statement in a list. */
const SHORT = 100

function inOneLine({ lines: [head, text] }: Beat): string {
  const statement = (text?.text ?? '').replace(/\s+/g, ' ').trim()
  return `${head?.text ?? ''}  ${statement.length > SHORT ? `${statement.slice(0, SHORT)}…` : statement}`
}

function speedOf(text: string): number {
  const speed = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : 0
  if (speed < 0.01 || speed > 1000) throw new InvalidArgumentError('It is a number from 0.01 to 1000.')
  return speed
}

function secondsOf(text: string): number {
  if (!/^\d{1,5}(\.\d{1,3})?$/.test(text)) throw new InvalidArgumentError('It is a number of seconds.')
  return Number(text)
}

function place(text: string): Place {
  const found = placeOf(text)
  if (found === undefined) throw new InvalidArgumentError('It is a time since the beginning (90, 1m30s, 1:30) or an operation (#12).')
  return found
}
