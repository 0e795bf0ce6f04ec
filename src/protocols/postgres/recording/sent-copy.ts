import { brokenOff, type CopyEnd, type Lines, lineStart, mayGoOn, withoutCut } from '../../../recording/index.ts'

const NEWLINE = 0x0a
const NO_BYTES = new Uint8Array(0)
const [SENT, DONE, FAILED] = [lineStart('copy-sent'), lineStart('copy-sent-done'), lineStart('copy-sent-fail')]
/**
 * What a client sent as the data of one COPY after the other. It is cut where the client, and the network, liked: text is said in whole lines, so
 * that no character and no credential is in two pieces; binary data as a whole, as far as one segment has it.
 */
export class SentCopy {
  readonly #lines: Lines
  #binary = false
  /** Of a line, or binary, without its end. */
  #held: Uint8Array[] = []

  constructor(lines: Lines) {
    this.#lines = lines
  }

  get carries(): boolean {
    return this.#held.length > 0
  }

  /** @param binary as CopyInResponse says */
  began(binary: boolean): void {
    this.#binary = binary
  }

  data(content: Uint8Array): void {
    const end = this.#binary ? 0 : content.lastIndexOf(NEWLINE) + 1
    if (end > 0) this.#say(content.subarray(0, end))
    if (end < content.length) this.#held.push(content.subarray(end))
  }

  end(how: CopyEnd, reason: Uint8Array): void {
    if (this.carries && how !== 'done') {
      const joined = Buffer.concat(this.#held)
      this.#held = [withoutCut(this.#lines.redact?.(joined) ?? joined)]
    }
    if (this.carries) this.#say(NO_BYTES)
    if (how === 'done') this.#lines.begin(DONE).end()
    else if (how !== 'over') {
      const by = how === 'failed' ? 'client' : 'gateway'
      this.#lines.begin(FAILED).said(reason, 0, reason.length).json(by).end()
    }
  }

  /** Says what it holds, but for what may be the beginning of a credential, or of a character. */
  pause(): void {
    if (!this.carries) return
    const whole = Buffer.concat(this.#held)
    const kept = mayGoOn(whole) || (this.#binary ? 0 : brokenOff(whole))
    const from = whole.length - kept
    this.#held = from > 0 ? [whole.subarray(0, from)] : []
    if (from > 0) this.#say(NO_BYTES)
    if (kept > 0) this.#held = [Buffer.from(whole.subarray(from))]
  }

  #say(more: Uint8Array): void {
    const content = this.carries ? Buffer.concat([...this.#held, more]) : more
    this.#held = []
    this.#lines.begin(SENT).said(content, 0, content.length, this.#binary).end()
  }
}
