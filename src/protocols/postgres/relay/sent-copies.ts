import type { SessionRecorder } from '../../../recording/index.ts'
import { frontend } from '../wire/codes.ts'
import { HEADER_BYTES } from '../wire/framer.ts'
import type { Item } from './batch.ts'
import { COPY_REFUSED } from './stand-ins.ts'

const REFUSED = Buffer.from(COPY_REFUSED)

type Recorder = Pick<SessionRecorder, 'copySent' | 'copyEnded'>

/** What one write upstream has of copy data, recorded once it is written. */
export class SentCopies {
  readonly #recorder: Recorder | undefined
  #sent: ((recorder: Recorder) => void)[] = []

  /** @param recorder undefined where the session is not recorded: nothing is remembered then */
  constructor(recorder: Recorder | undefined) {
    this.#recorder = recorder
  }

  /** Neighbouring CopyData, or a part of one. */
  data({ bytes, start, end, continues }: Item): void {
    if (this.#recorder) this.#sent.push((recorder) => recorder.copySent(bytes, start, end, continues))
  }

  /** CopyDone or CopyFail of the client. */
  ended({ type, bytes, start, end }: Pick<Item, 'type' | 'bytes' | 'start' | 'end'>): void {
    if (!this.#recorder) return
    if (type === frontend.copyDone) this.#sent.push((recorder) => recorder.copyEnded('done'))
    else {
      const reason = bytes.subarray(start + HEADER_BYTES, bytes[end - 1] === 0 ? end - 1 : end)
      this.#sent.push((recorder) => recorder.copyEnded('failed', reason))
    }
  }

  /** CopyFail of the gateway. */
  refused(): void {
    if (this.#recorder) this.#sent.push((recorder) => recorder.copyEnded('refused', REFUSED))
  }

  /** It was written. */
  tell(): void {
    const recorder = this.#recorder
    if (recorder && this.#sent.length > 0) for (const tell of this.#sent.splice(0)) tell(recorder)
  }

  /** It never is. */
  drop(): void {
    this.#sent = []
  }
}
