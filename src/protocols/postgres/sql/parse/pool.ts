import { ParseThread, type ReadOrder } from './parse-thread.ts'
import type { Refused } from './prescan.ts'
import type { Reading } from './read-text.ts'
import type { Job, Share, Standing } from './share.ts'

/** ms that a thread may take for one text; of whoever is suspect waiting for a thread is part of it. */
const DEADLINE = 250
/** Part of it that a suspect may wait. */
const WAIT = 0.8
/** ms that anybody else may: many long texts at once are no reason to refuse one, as long as it is understood in the end. */
const PATIENCE = 2_000
/** ms in which a thread has to begin: it may have to open a catalog first. */
const BEGINNING = 5_000
/** ms that a text waits for the very first thread. */
const START = 30_000
/** Threads that are kept warm; also the most that there are. Two may be ended at once, and one is left while others start. */
const THREADS = 3
/** ms after which a thread that could not start is tried again. */
const RETRY = 1_000
/** Texts that one share may have waiting. */
const WAITING = 1_000

const SLOW: Refused = { refused: 'It takes too long to read this statement.' }
const BUSY: Refused = { refused: 'Too many long statements are being read right now; try again.' }
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
  /** ms that are left for its text. */
  left: number
  suspect: boolean
  timer?: NodeJS.Timeout | undefined
}

/**
 * Threads that read long texts, each within a deadline after which its thread is ended. Sessions take turns, one text each. Those of whoever
 * sent texts that took too long lately have one thread together, behind all others, and their deadline counts from when a text was handed
 * over; where there were too many of these, nothing is read for a while. What finds no thread in time is refused.
 */
export class ParsePool {
  readonly #deadline: number
  readonly #threads: number
  readonly #places = new Set<Place>()
  readonly #trusted: Share[] = []
  readonly #suspects: Share[] = []
  /** A thread has been there. */
  #up = false
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
      if (share.standing.paused(performance.now()) || share.waiting.length >= WAITING) return done(PAUSED)
      const job: Job = { order, done, since: performance.now(), patience: undefined }
      this.#hurry(share, job)
      share.waiting.push(job)
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

  /** Puts it in its line; or refuses it, if it has to pause. */
  #queue(share: Share): void {
    const now = performance.now()
    if (share.standing.paused(now)) this.#refuse(share, PAUSED)
    else (share.standing.suspect(now) ? this.#suspects : this.#trusted).push(share)
  }

  /** Somebody has another standing now, and may have more in line. */
  #judgeAgain(): void {
    for (const share of [...this.#trusted.splice(0), ...this.#suspects.splice(0)]) {
      for (const job of share.waiting) this.#hurry(share, job)
      this.#queue(share)
    }
  }

  #hurry(share: Share, job: Job): void {
    clearTimeout(job.patience)
    const now = performance.now()
    const patience = share.standing.suspect(now) ? this.#deadline * WAIT : this.#up ? PATIENCE : START
    job.patience = setTimeout(() => this.#giveUp(share, job), Math.max(0, job.since + patience - now))
  }

  /** Nobody had time for this text. */
  #giveUp(share: Share, job: Job): void {
    const at = share.waiting.indexOf(job)
    if (at < 0) return
    share.waiting.splice(at, 1)
    job.done(share.standing.suspect(performance.now()) ? PAUSED : BUSY)
    if (share.waiting.length > 0) return
    for (const line of [this.#trusted, this.#suspects]) {
      const place = line.indexOf(share)
      if (place < 0) continue
      line.splice(place, 1)
      share.inLine = false
    }
  }

  #start(): void {
    const place: Place = {
      state: 'starting',
      suspect: false,
      left: 0,
      thread: new ParseThread({
        ready: () => {
          if (place.state !== 'starting') return
          place.state = 'idle'
          this.#up = true
          this.#next()
        },
        begun: () => {
          if (place.state === 'busy') this.#limit(place, place.left)
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
      const first = this.#trusted.findIndex(({ standing }) => this.#mayTakeOneMore(standing))
      if (first >= 0) {
        this.#give(place, this.#trusted.splice(first, 1)[0]!, false)
        continue
      }
      const share = this.#mayServeSuspect(place) ? this.#suspects.shift() : undefined
      if (!share) return
      this.#give(place, share, true)
    }
  }

  /** Not all of the threads at once: nobody knows yet whether these texts are slow, and a thread that is ended is gone for a while. */
  #mayTakeOneMore(standing: Standing): boolean {
    const taken = [...this.#places].filter(({ share }) => share?.standing === standing).length
    return taken < Math.max(1, this.#threads - 1)
  }

  /** One thread for all of them, and never the only one that runs: another stays for everybody else. */
  #mayServeSuspect(place: Place): boolean {
    if (this.#threads === 1) return true
    const others = [...this.#places].filter((other) => other !== place)
    return !others.some(({ suspect }) => suspect) && others.some(({ state }) => state !== 'starting')
  }

  #give(place: Place, share: Share, suspect: boolean): void {
    const job = share.waiting.shift() as Job
    clearTimeout(job.patience)
    // A timer may be late, and a text that was given a thread has to have a chance.
    const left = suspect ? Math.max(this.#deadline * (1 - WAIT), this.#deadline - (performance.now() - job.since)) : this.#deadline
    Object.assign(place, { state: 'busy', share, job, left, suspect })
    this.#limit(place, BEGINNING)
    place.thread.read(job.order)
  }

  /** @param ms from now on */
  #limit(place: Place, ms: number): void {
    clearTimeout(place.timer)
    place.timer = setTimeout(() => {
      this.#strike(place)
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
    share.inLine = share.waiting.length > 0
    if (share.inLine) this.#queue(share)
  }

  #strike({ share }: Place): void {
    share?.standing.strike(performance.now())
    this.#judgeAgain()
  }

  #refuseAll(refused: Refused): void {
    for (const share of [...this.#trusted.splice(0), ...this.#suspects.splice(0)]) this.#refuse(share, refused)
  }

  #refuse(share: Share, refused: Refused): void {
    for (const { done, patience } of share.waiting.splice(0)) {
      clearTimeout(patience)
      done(refused)
    }
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
      this.#strike(place)
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
