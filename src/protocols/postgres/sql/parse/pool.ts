import { ParseThread, type ReadOrder } from './parse-thread.ts'
import type { Refused } from './prescan.ts'
import type { Reading } from './read-text.ts'
import type { Job, Share } from './share.ts'

/** ms that a thread may take for one text. */
const DEADLINE = 250
/** ms that a suspect waits for its turn. */
const PATIENCE = 1_000
/** ms in which it has to begin: it may have to open a catalog first. */
const BEGINNING = 5_000
/** Threads that are kept warm; also the most that there are. */
const THREADS = 2
/** ms after which a thread that could not start is tried again. */
const RETRY = 1_000
/** Texts that one share may have waiting. */
const WAITING = 1_000

const SLOW: Refused = { refused: 'It takes too long to read this statement.' }
const PAUSED: Refused = { refused: 'Too many statements of this session took too long to read; for a while only short ones are read.' }
const BROKEN: Refused = { refused: 'The statement is too large or too deep to be read.' }
const CLOSED: Refused = { refused: 'The gateway is stopping.' }

export interface PoolOptions {
  /** ms that a thread may take for one text; default 250. */
  readonly deadline?: number
  readonly threads?: number
}

interface Place {
  thread: ParseThread
  state: 'starting' | 'idle' | 'busy' | 'gone'
  share?: Share | undefined
  job?: Job | undefined
  suspect: boolean
  timer?: NodeJS.Timeout | undefined
}

/**
 * Threads that read long texts, each within a deadline after which its thread is ended. Shares take turns, one text each; those whose texts
 * took too long lately have one thread together, behind all others.
 */
export class ParsePool {
  readonly #deadline: number
  readonly #threads: number
  readonly #places = new Set<Place>()
  readonly #trusted: Share[] = []
  readonly #suspects: Share[] = []
  #retry: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: PoolOptions = {}) {
    this.#deadline = options.deadline ?? DEADLINE
    this.#threads = options.threads ?? THREADS
  }

  /** Starts the threads, if they are not there. */
  warm(): void {
    while (!this.#closed && this.#places.size < this.#threads) this.#start()
  }

  /** Never rejects. @param share whose turn it takes */
  read(share: Share, order: ReadOrder): Promise<Reading> {
    return new Promise((done) => {
      if (this.#closed) return done(CLOSED)
      if (share.paused(performance.now()) || share.waiting.length >= WAITING) return done(PAUSED)
      share.waiting.push({ order, done })
      if (share.inLine) return
      share.inLine = true
      this.#queue(share)
      this.warm()
      this.#next()
    })
  }

  /** What is waiting is refused. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#retry)
    this.#refuseAll(CLOSED)
    const places = [...this.#places]
    this.#places.clear()
    for (const place of places) this.#leave(place, CLOSED)
    await Promise.all(places.map(({ thread }) => thread.stop()))
  }

  #queue(share: Share): void {
    if (!share.suspect(performance.now())) {
      this.#trusted.push(share)
      return
    }
    this.#suspects.push(share)
    share.patience = setTimeout(() => {
      const place = this.#suspects.indexOf(share)
      if (place < 0) return
      this.#suspects.splice(place, 1)
      this.#refuse(share, PAUSED)
    }, PATIENCE)
  }

  #start(): void {
    const place: Place = {
      state: 'starting',
      suspect: false,
      thread: new ParseThread({
        ready: () => {
          if (place.state !== 'starting') return
          place.state = 'idle'
          this.#next()
        },
        begun: () => {
          if (place.state === 'busy') this.#limit(place, this.#deadline)
        },
        read: (reading, worn) => {
          if (place.state !== 'busy') return
          if (worn) this.#replace(place, reading ?? BROKEN)
          else {
            place.state = 'idle'
            this.#leave(place, reading!)
            this.#next()
          }
        },
        gone: () => this.#gone(place),
      }),
    }
    this.#places.add(place)
  }

  /** Gives each idle thread what is next in line. */
  #next(): void {
    for (const place of this.#places) {
      if (place.state !== 'idle') continue
      const suspect = this.#trusted.length === 0
      if (suspect && !this.#mayServeSuspect(place)) return
      const share = (suspect ? this.#suspects : this.#trusted).shift()
      if (!share) return
      this.#give(place, share, suspect)
    }
  }

  /** One thread for all of them, and never the only one that runs: another stays for everybody else. */
  #mayServeSuspect(place: Place): boolean {
    if (this.#threads === 1) return true
    const others = [...this.#places].filter((other) => other !== place)
    return !others.some(({ suspect }) => suspect) && others.some(({ state }) => state !== 'starting')
  }

  #give(place: Place, share: Share, suspect: boolean): void {
    clearTimeout(share.patience)
    const job = share.waiting.shift() as Job
    Object.assign(place, { state: 'busy', share, job, suspect })
    this.#limit(place, BEGINNING)
    place.thread.read(job.order)
  }

  /** @param ms from now on */
  #limit(place: Place, ms: number): void {
    clearTimeout(place.timer)
    place.timer = setTimeout(() => {
      place.share?.strike(performance.now())
      this.#replace(place, SLOW)
    }, ms)
  }

  /** The text of this place is done with; its share gets in line again if it has more. */
  #leave(place: Place, reading: Reading): void {
    const { share, job } = place
    clearTimeout(place.timer)
    Object.assign(place, { share: undefined, job: undefined, timer: undefined, suspect: false })
    if (!share || !job) return
    job.done(reading)
    if (share.paused(performance.now())) this.#refuse(share, PAUSED)
    share.inLine = share.waiting.length > 0
    if (share.inLine) this.#queue(share)
  }

  #refuseAll(refused: Refused): void {
    for (const share of [...this.#trusted.splice(0), ...this.#suspects.splice(0)]) this.#refuse(share, refused)
  }

  #refuse(share: Share, refused: Refused): void {
    clearTimeout(share.patience)
    for (const { done } of share.waiting.splice(0)) done(refused)
    share.inLine = false
  }

  #replace(place: Place, reading: Reading): void {
    place.state = 'gone'
    this.#places.delete(place)
    void place.thread.stop()
    this.#leave(place, reading)
    this.warm()
    this.#next()
  }

  /** A thread that ended by itself: out of memory by what it read, or it could not start. */
  #gone(place: Place): void {
    if (place.state === 'gone' || this.#closed) return
    if (place.state === 'busy') {
      place.share?.strike(performance.now())
      this.#replace(place, BROKEN)
      return
    }
    place.state = 'gone'
    this.#places.delete(place)
    if (this.#places.size === 0) this.#refuseAll(BROKEN)
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined
      this.warm()
    }, RETRY).unref()
  }
}
