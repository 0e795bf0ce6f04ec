import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'

/** The job as a process of its own, which gets nothing but the environment it is given. */
export class JobProcess {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #reader: Interface

  constructor(env: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [join(import.meta.dirname, 'job.ts')], { env, stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.stdin?.on('error', () => undefined) // It may be gone before it reads what it is told.
    this.#reader = createInterface(this.#child.stdout!)
    this.#lines = this.#reader[Symbol.asyncIterator]()
  }

  get pid(): number {
    return this.#child.pid as number
  }

  /** Gives it a statement without waiting. */
  tell(statement: string): void {
    this.#child.stdin?.write(`${statement}\n`)
  }

  /** The next line that it prints. */
  async hear(): Promise<string> {
    const { done, value } = await this.#lines.next()
    return done ? 'the job has ended' : value
  }

  async ask(statement: string): Promise<string> {
    this.tell(statement)
    return this.hear()
  }

  async end(): Promise<void> {
    this.#child.stdin?.end()
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit')
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), 2_000)
      await ended
      clearTimeout(timer)
    }
    this.#reader.close()
  }
}
