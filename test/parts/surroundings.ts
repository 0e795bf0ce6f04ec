import { PassThrough, Readable, Writable } from 'node:stream'
import type { Surroundings } from '../../src/cli/surroundings.ts'

export interface TestSurroundings extends Surroundings {
  /** What was printed so far. */
  readonly printed: { out: string; err: string }
  readonly ending: AbortController
}

/** Surroundings whose output is kept. @param over `terminal`: both outputs are terminals; `typed`: standard input is one, and this is typed */
export function testSurroundings(
  over: { stdin?: string; env?: Surroundings['env']; folder?: string; terminal?: boolean; typed?: string } = {},
): TestSurroundings {
  const printed = { out: '', err: '' }
  const ending = new AbortController()
  const keep = (stream: 'out' | 'err') =>
    Object.assign(
      new Writable({
        write(chunk, _encoding, done) {
          printed[stream] += String(chunk)
          done()
        },
      }),
      over.terminal ? { isTTY: true, columns: 100 } : {},
    )
  const stdin =
    over.typed === undefined ? Readable.from([Buffer.from(over.stdin ?? '')]) : Object.assign(new PassThrough(), { isTTY: true })
  if (over.typed !== undefined) (stdin as PassThrough).write(over.typed)
  return {
    stdin,
    stdout: keep('out'),
    stderr: keep('err'),
    env: over.env ?? {},
    folder: over.folder ?? '/nowhere',
    signal: ending.signal,
    release: () => !ending.signal.aborted,
    printed,
    ending,
  }
}
