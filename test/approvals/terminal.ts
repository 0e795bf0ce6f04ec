import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export const CTRL_C = '\u0003'

/** What a client has said: a line of an agent of this folder. */
export interface Said {
  readonly notice?: string
  readonly came?: readonly string[]
  /** SQLSTATE */
  readonly error?: string
  readonly message?: string
  readonly detail?: string
  readonly hint?: string
}

export interface ProgramOptions {
  readonly command: readonly string[]
  readonly settings: {
    readonly host: string
    readonly port: number
    readonly user: string
    readonly password: string
    readonly database: string
  }
}

/** A program that is told things by its input and says things on its outputs, at once. */
export class Terminal {
  readonly child: ChildProcess
  readonly #lines: string[] = []
  #wake = () => {}

  constructor({ command: [program, ...words], settings }: ProgramOptions) {
    this.child = spawn(program!, words, {
      cwd: import.meta.dirname,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        LC_ALL: 'C.UTF-8',
        PYTHONDONTWRITEBYTECODE: '1',
        PGHOST: settings.host,
        PGPORT: String(settings.port),
        PGUSER: settings.user,
        PGPASSWORD: settings.password,
        PGDATABASE: settings.database,
        PGSSLMODE: 'disable',
        PGGSSENCMODE: 'disable',
        PGPASSFILE: '/dev/null',
      },
    })
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.#lines.push(line)
        this.#wake()
      })
    }
    this.child.once('exit', (code) => {
      this.#lines.push(`exit ${code}`)
      this.#wake()
    })
  }

  press(key: string): void {
    this.child.stdin!.write(key)
  }

  tell(line: string | object): void {
    this.child.stdin!.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`)
  }

  /** Takes what it says next, up to a line that matches. @throws where it says nothing like that for 20 s */
  async until(wanted: RegExp): Promise<string> {
    const giveUp = AbortSignal.timeout(20_000)
    for (;;) {
      const at = this.#lines.findIndex((line) => wanted.test(line))
      if (at >= 0) return this.#lines.splice(0, at + 1).join('\n')
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve
        giveUp.onabort = () => reject(new Error(`it never said ${wanted}: ${this.#lines.join('\n')}`))
      })
    }
  }

  /** The next line of an agent. */
  async said(): Promise<Said> {
    return JSON.parse(await this.until(/^/)) as Said
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const exit = once(this.child, 'exit')
    this.child.kill()
    await exit
  }
}
