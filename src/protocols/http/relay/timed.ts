import type { Admission } from '../../../guard/index.ts'

/** Whatever ends an exchange, and the time that its operation may take. The reason of its signal is a ClientLeft or a Refusal. */
export class Timed {
  readonly signal: AbortSignal
  #stop: () => void = () => undefined

  constructor(signal: AbortSignal, admission: Pick<Admission, 'time' | 'overtime'>) {
    const { time } = admission
    if (time === undefined || signal.aborted) {
      this.signal = signal
      return
    }
    const either = new AbortController()
    const end = () => either.abort(signal.reason)
    const timer = setTimeout(() => either.abort(admission.overtime()), time)
    signal.addEventListener('abort', end, { once: true })
    this.signal = either.signal
    this.#stop = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
    }
  }

  stop(): void {
    this.#stop()
  }
}
