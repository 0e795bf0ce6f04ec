import { spawn } from 'node:child_process'

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** What it reads; nothing by default. */
  readonly input?: string | Uint8Array
  readonly cwd?: string
  /** Milliseconds after which it is killed; default 30,000. */
  readonly patience?: number
  /** Ends it with SIGINT once what it has printed, to either of its outputs, holds this. */
  readonly until?: RegExp
}

export interface Ran {
  /** Exit code; 128 + the number of the signal that ended it. */
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  /** Standard output as it came. */
  readonly bytes: Buffer
  readonly ms: number
}

const SIGNALS: Readonly<Record<string, number>> = { SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }

/** Runs a command to its end, with nothing in its environment but what is given and PATH. @throws where it cannot be started */
export async function runCommand(command: string, words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const began = performance.now()
  const child = spawn(command, words, {
    cwd: options.cwd,
    env: { PATH: process.env.PATH, TZ: 'UTC', LANG: 'C.UTF-8', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const out: Buffer[] = []
  const err: Buffer[] = []
  let isAsked = false
  const heard = (into: Buffer[]) => (piece: Buffer) => {
    into.push(piece)
    if (!options.until || isAsked || !options.until.test(Buffer.concat(into).toString())) return
    isAsked = true
    child.kill('SIGINT')
  }
  child.stdout.on('data', heard(out))
  child.stderr.on('data', heard(err))
  child.stdin.on('error', () => undefined) // It may end without reading.
  child.stdin.end(options.input)
  const late = setTimeout(() => child.kill('SIGKILL'), options.patience ?? 30_000)
  try {
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (...ended) => resolve(ended))
    })
    const bytes = Buffer.concat(out)
    return {
      status: code ?? 128 + (SIGNALS[signal ?? ''] ?? 0),
      stdout: bytes.toString(),
      stderr: Buffer.concat(err).toString(),
      bytes,
      ms: performance.now() - began,
    }
  } finally {
    clearTimeout(late)
  }
}

/**
 * Runs a command that goes on until it is told to end, such as a proxy, while something is done with it.
 *
 * @param ready what it prints, to either of its outputs, once it can be used; its match is handed to `use`
 * @returns what `use` returned, once the command has been ended with SIGINT
 * @throws where it ends before it is ready, or is not ready within `options.patience`
 */
export async function whileRunning<T>(
  command: string,
  words: readonly string[],
  ready: RegExp,
  use: (match: RegExpExecArray) => Promise<T>,
  options: Omit<RunOptions, 'until' | 'input'> = {},
): Promise<T> {
  const child = spawn(command, words, {
    cwd: options.cwd,
    env: { PATH: process.env.PATH, TZ: 'UTC', LANG: 'C.UTF-8', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  try {
    const match = await new Promise<RegExpExecArray>((resolve, reject) => {
      let said = ''
      const heard = (piece: Buffer) => {
        said += piece
        const found = ready.exec(said)
        if (found) resolve(found)
      }
      child.stdout.on('data', heard)
      child.stderr.on('data', heard)
      child.once('error', reject)
      child.once('close', () => reject(new Error(`${command} ${words.join(' ')} ended: ${said}`)))
      const late = setTimeout(() => reject(new Error(`${command} ${words.join(' ')} is not ready: ${said}`)), options.patience ?? 15_000)
      child.once('close', () => clearTimeout(late))
    })
    return await use(match)
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT')
    const late = setTimeout(() => child.kill('SIGKILL'), 3000)
    await ended
    clearTimeout(late)
  }
}
