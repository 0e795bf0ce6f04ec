import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { LineReader, LineTooLong } from '../wire/line-reader.ts'
import type { Account } from './account.ts'
import { type Home, makeHome } from './home.ts'
import type { HostLog } from './log.ts'
import { PrintedLog } from './printed-log.ts'
import type { ServerSettings } from './settings.ts'
import { killStragglers } from './stragglers.ts'

/** How long a process may take to end once its input has, and once it was asked to; ms. */
const ASKED_AFTER_MS = 500
const KILLED_AFTER_MS = 2_000
/** How long its pipes may stay open once it is gone; ms. */
const PIPES_MS = 2_000
/** Messages that a process has not taken yet, besides the one that is too much; bytes. */
const UNREAD_BYTES = 8 * 1024 * 1024

export interface ChildParts {
  readonly settings: ServerSettings
  /** By the name of a variable. */
  readonly secrets: Readonly<Record<string, string>>
  /** Undefined: as this process. */
  readonly account: Account | undefined
  /** Where each process gets a home of its own, which goes with it. */
  readonly homes: string
  /** `PATH` of servers. */
  readonly path: string
  readonly log: HostLog
  readonly fields: Readonly<Record<string, string>>
}

export interface ChildEvents {
  line(line: Buffer): void
  /** Exactly once: nothing comes any more. */
  ended(why: EndedWhy): void
}

export type EndedWhy = 'exited' | 'not started' | 'too large'

/** One process of a server, its group and its home. */
export class Child {
  readonly #parts: ChildParts
  readonly #events: ChildEvents
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #home: Home
  readonly #printed: PrintedLog
  readonly #gone = Promise.withResolvers<void>()
  readonly #timers: NodeJS.Timeout[] = []
  #why: EndedWhy = 'exited'
  #isEnding = false
  #leftBehind: Promise<void> = Promise.resolve()

  /** @throws where no home can be made */
  constructor(parts: ChildParts, events: ChildEvents) {
    const { settings, secrets, account, homes, path, log, fields } = parts
    this.#parts = parts
    this.#events = events
    this.#printed = new PrintedLog(log, fields, Object.values(secrets), Date.now)
    this.#home = makeHome(homes, account)
    const home = this.#home.path
    const [command, ...words] =
      settings.processes === undefined ? settings.command : ['prlimit', `--nproc=${settings.processes}`, '--', ...settings.command]
    // Nothing of this process's own environment: not even that it has one.
    const env = { PATH: path, LANG: 'C.UTF-8', TMPDIR: home, ...settings.env, ...secrets, HOME: home }
    this.#process = spawn(command!, words, {
      ...{ cwd: settings.folder ?? home, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] as const },
      ...(account && { uid: account.uid, gid: account.gid }),
    }) as ChildProcessByStdio<Writable, Readable, Readable>
    this.#listen(new LineReader(settings.messageBytes))
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** @param text one line @returns false where it does not take what it is told */
  write(text: string): boolean {
    const { stdin } = this.#process
    if (this.#isEnding || stdin.destroyed || stdin.writableLength > UNREAD_BYTES) return false
    stdin.write(`${text}\n`)
    return true
  }

  /** Holds back what it prints, while nobody takes it. */
  pause(): void {
    this.#process.stdout.pause()
  }

  resume(): void {
    this.#process.stdout.resume()
  }

  /** Its input ends, then it is asked to end, then it and all that it started are killed (MCP 2025-11-25, "Shutdown"). Resolves once it is gone, home and all. */
  end(): Promise<void> {
    if (!this.#isEnding) {
      this.#isEnding = true
      this.#process.stdin.end()
      // What it prints now nobody waits for.
      this.#process.stdout.resume()
      this.#timers.push(
        setTimeout(() => this.#signal('SIGTERM'), ASKED_AFTER_MS),
        setTimeout(() => this.#signal('SIGKILL'), KILLED_AFTER_MS),
      )
    }
    return this.#gone.promise
  }

  #listen(lines: LineReader): void {
    const { stdin, stdout, stderr } = this.#process
    const { account } = this.#parts
    stdin.on('error', () => undefined)
    stdout.on('error', () => undefined)
    stderr.on('error', () => undefined)
    stderr.on('data', (chunk: Buffer) => this.#printed.push(chunk))
    stdout.on('data', (chunk: Buffer) => {
      if (this.#isEnding) return
      try {
        for (const line of lines.push(chunk)) if (line.length > 0) this.#events.line(line)
      } catch (error) {
        if (!(error instanceof LineTooLong)) throw error
        this.#why = 'too large'
        void this.end()
        this.#signal('SIGKILL')
      }
    })
    this.#process.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#process.pid !== undefined) return
      this.#parts.log.error({ ...this.#parts.fields, reason: error.code ?? error.message }, 'a server cannot be started')
      this.#why = 'not started'
      this.#over()
    })
    // What it started may hold its pipes open, and must not outlive it; what cannot be found holds nobody up.
    this.#process.on('exit', () => {
      this.#signal('SIGKILL')
      this.#timers.push(
        setTimeout(() => {
          stdout.destroy()
          stderr.destroy()
        }, PIPES_MS),
      )
      this.#leftBehind = killStragglers(this.#home.path, account?.uid ?? process.getuid?.() ?? -1)
    })
    this.#process.on('close', () => this.#over())
  }

  /** To it and everything in its group, which it leads. */
  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#process
    if (pid === undefined) return
    try {
      process.kill(-pid, signal)
    } catch {
      // All of them are gone.
    }
  }

  #over(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#isEnding = true
    this.#printed.close()
    this.#leftBehind
      .then(() => this.#home.remove())
      .catch((error: unknown) => {
        this.#parts.log.warn(
          { ...this.#parts.fields, reason: error instanceof Error ? error.message : '' },
          'the home of a server cannot be removed',
        )
      })
      .finally(() => this.#gone.resolve())
    this.#events.ended(this.#why)
  }

  /** A line that is no message. */
  noMessage(line: Buffer): void {
    this.#printed.line(line.toString('utf8', 0, 4_096), 'a server printed something that is no message')
  }
}
