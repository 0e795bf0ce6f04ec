import { segmentHeader, segmentName } from './segment.ts'
import type { SegmentFiles } from './segment-files.ts'

const RETRY_MS = 1000

export interface SupplyOptions {
  readonly files: SegmentFiles
  readonly origin: string
  readonly instance: string
  /** Size of a segment, bytes. */
  readonly size: number
  /** Called when a segment has become ready. */
  readonly ready: () => void
  /** Called when making one failed; it is tried again every second. */
  readonly failed: (error: Error) => void
}

/** Keeps the next segment ready, so that nobody waits while 64 MiB of zeros are written. */
export class SegmentSupply {
  readonly #options: SupplyOptions
  #next: number
  #state: 'making' | 'ready' | 'failed' | 'stopped' = 'stopped'
  #retry: NodeJS.Timeout | undefined
  readonly #stopping = new AbortController()
  #making: Promise<void> = Promise.resolve()

  /** @param next number of the first segment to supply */
  constructor(options: SupplyOptions, next: number) {
    this.#options = options
    this.#next = next
  }

  /** Begins with a segment that already stands there, or makes one. */
  start(exists: boolean): void {
    if (exists) this.#state = 'ready'
    else this.#make()
  }

  get state(): 'making' | 'ready' | 'failed' | 'stopped' {
    return this.#state
  }

  /** Hands out the segment that is ready, and makes the one after it. @returns its number */
  take(): number {
    const taken = this.#next++
    this.#make()
    return taken
  }

  async stop(): Promise<void> {
    clearTimeout(this.#retry)
    this.#state = 'stopped'
    this.#stopping.abort()
    await this.#making
  }

  #make(): void {
    const { files, origin, instance, size } = this.#options
    this.#state = 'making'
    const header = segmentHeader(origin, instance, this.#next)
    this.#making = files.allocate(segmentName(this.#next), header, size, this.#stopping.signal).then(
      () => {
        if (this.#state !== 'making') return
        this.#state = 'ready'
        this.#options.ready()
      },
      (error: Error) => {
        if (this.#state !== 'making') return
        this.#state = 'failed'
        this.#retry = setTimeout(() => this.#make(), RETRY_MS)
        this.#retry.unref()
        this.#options.failed(error)
      },
    )
  }
}
