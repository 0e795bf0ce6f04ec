import { redactText } from '../../redaction/index.ts'
import type { HostLog } from './log.ts'

/** Characters of a line that the log keeps, and that are read, so that no half of a secret is left where it is cut. */
const LINE = 1_000
const READ = 2_000
/** Lines at once, and how many a second beyond that. */
const BURST = 100
const PER_SECOND = 10

/** What a server prints that is no message, in the host's own log: so much of it, on one line each, without secrets. */
export class PrintedLog {
  readonly #log: HostLog
  readonly #fields: Readonly<Record<string, string>>
  readonly #secrets: readonly string[]
  readonly #now: () => number
  #rest = ''
  #tooLong = false
  #may = BURST
  #since: number
  #dropped = 0

  /** @param secrets values that are taken out wherever they stand. @param now ms */
  constructor(log: HostLog, fields: Readonly<Record<string, string>>, secrets: readonly string[], now: () => number) {
    this.#log = log
    this.#fields = fields
    // A short value would take out half of what is printed, and is no secret.
    this.#secrets = secrets.filter(({ length }) => length >= 8)
    this.#now = now
    this.#since = now()
  }

  /** @param chunk of standard error, cut anywhere */
  push(chunk: Buffer): void {
    const parts = chunk.toString('utf8').split('\n')
    for (const [place, part] of parts.entries()) {
      if (!this.#tooLong) this.#rest += part.slice(0, READ - this.#rest.length)
      if (this.#rest.length === READ) this.#tooLong = true
      if (place < parts.length - 1) this.#end()
    }
  }

  /** A line that was to be a message and is none. */
  line(text: string, why: string): void {
    this.#say(text.slice(0, READ), why)
  }

  close(): void {
    if (this.#rest) this.#end()
    if (this.#dropped > 0) this.#log.warn({ ...this.#fields, lines: this.#dropped }, 'a server printed more than the log keeps')
    this.#dropped = 0
  }

  #end(): void {
    if (this.#rest.trim() !== '') this.#say(this.#rest.replace(/\r$/, ''))
    this.#rest = ''
    this.#tooLong = false
  }

  #say(text: string, why = 'a server printed'): void {
    const now = this.#now()
    this.#may = Math.min(BURST, this.#may + ((now - this.#since) / 1_000) * PER_SECOND)
    this.#since = now
    if (this.#may < 1) {
      this.#dropped++
      return
    }
    this.#may--
    if (this.#dropped > 0) {
      this.#log.warn({ ...this.#fields, lines: this.#dropped }, 'a server printed more than the log keeps')
      this.#dropped = 0
    }
    let shown = text
    for (const secret of this.#secrets) shown = shown.replaceAll(secret, '[redacted]')
    const printed = Buffer.from(redactText(Buffer.from(shown)).content).toString()
    this.#log.info({ ...this.#fields, printed: printed.length > LINE ? `${printed.slice(0, LINE)} …` : printed }, why)
  }
}
