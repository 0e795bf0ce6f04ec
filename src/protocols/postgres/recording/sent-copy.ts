import { isUtf8 } from 'node:buffer'
import { type CopyEnd, type Lines, lineStart } from '../../../recording/index.ts'

const NEWLINE = 0x0a
const NO_BYTES = new Uint8Array(0)
const [SENT, DONE, FAILED] = [lineStart('copy-sent'), lineStart('copy-sent-done'), lineStart('copy-sent-fail')]
/** The end of something that may go on as a credential of ours. */
const MAY_GO_ON = /g(?:s(?:_[A-Za-z0-9_-]{0,200})?)?$/
const LONGEST_CREDENTIAL = 204
/** The same, where it never does: what was cut off is no credential, but much of one. */
const CUT_OFF = /gs_[A-Za-z0-9_-]+$/
const REDACTED = Buffer.from('«redacted:cut»')

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
      const whole = Buffer.from(this.#lines.redact?.(joined) ?? joined)
      const cut = CUT_OFF.exec(tail(whole))
      this.#held = [cut ? Buffer.concat([whole.subarray(0, whole.length - cut[0].length), REDACTED]) : whole]
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
    const kept = MAY_GO_ON.exec(tail(whole))?.[0].length ?? (this.#binary ? 0 : brokenOff(whole))
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

/** @returns bytes of a character at the end that is not whole */
function brokenOff(text: Buffer): number {
  if (isUtf8(text)) return 0
  for (let bytes = 1; bytes <= 3; bytes++) if (isUtf8(text.subarray(0, text.length - bytes))) return bytes
  return 0
}

function tail(bytes: Buffer): string {
  return bytes.toString('latin1', Math.max(0, bytes.length - LONGEST_CREDENTIAL))
}
