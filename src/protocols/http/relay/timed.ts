import type { Admission } from '../../../guard/index.ts'

/** Whatever ends an exchange, and the time that its operation may take. The reason of its signal is a ClientLeft or a Refusal. */
export class Timed {
  readonly signal: AbortSignal
  readonly #timer: NodeJS.Timeout | undefined

  constructor(signal: AbortSignal, admission: Pick<Admission, 'time' | 'overtime'>) {
    const { time } = admission
    if (time === undefined) {
      this.signal = signal
      return
    }
    const over = new AbortController()
    this.#timer = setTimeout(() => over.abort(admission.overtime()), time)
    this.signal = AbortSignal.any([signal, over.signal])
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
