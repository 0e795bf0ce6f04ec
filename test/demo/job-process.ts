import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'

/** The job as a process of its own, started by `gatescribe run` as a step of its CI would. */
export class JobProcess {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #reader: Interface
  #told = ''

  /** @param command of gatescribe. @param words of `gatescribe run` before the job */
  constructor(command: string, words: readonly string[], env: Readonly<Record<string, string>>) {
    const job = [process.execPath, join(import.meta.dirname, 'job.ts')]
    this.#child = spawn(process.execPath, [command, 'run', ...words, '--', ...job], { env, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stdin?.on('error', () => undefined) // It may be gone before it reads what it is told.
    this.#child.stderr?.on('data', (piece: Buffer) => {
      this.#told += piece
    })
    this.#reader = createInterface(this.#child.stdout!)
    this.#lines = this.#reader[Symbol.asyncIterator]()
  }

  /** What `gatescribe run` has said so far. */
  get told(): string {
    return this.#told
  }

  /** Gives it a line without waiting. */
  tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  /** The next line that it prints. */
  async hear(): Promise<string> {
    const { done, value } = await this.#lines.next()
    return done ? 'the job has ended' : value
  }

  async ask(line: string): Promise<string> {
    this.tell(line)
    return this.hear()
  }

  /** A command of the job's. */
  async run(command: string): Promise<Ran> {
    return ranOf(await this.ask(`$ ${command}`))
  }

  /** Lets it end, and its run with it. @returns the exit code */
  async end(): Promise<number | null> {
    this.#child.stdin?.end()
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'close')
      const timer = setTimeout(() => this.#child.kill('SIGTERM'), 5_000)
      await ended
      clearTimeout(timer)
    }
    this.#reader.close()
    return this.#child.exitCode
  }
}

export interface Ran {
  readonly status: number
  readonly said: string
}

/** What a job says of a command. */
export function ranOf(line: string): Ran {
  if (!line.startsWith('ran ')) throw new Error(`no command was run: ${line}`)
  return JSON.parse(line.slice(4)) as Ran
}
