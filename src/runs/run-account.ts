import { addUsage, NO_USAGE, type Usage, type UsageSum } from '../operations/index.ts'

/** Where an entry stands. */
export interface LogPlace {
  /** Name of the log. */
  readonly log: string
  readonly index: number
}

/** Operations by what the rules said. */
export interface Decisions {
  readonly allow: number
  readonly ask: number
  readonly deny: number
}

/** What a session comes to, once its end is in the trail. */
export interface SessionAccount {
  readonly decisions: Decisions
  /** False where the trail may hold intents of it that are not counted, or lack some that are. */
  readonly exact: boolean
  /** What its run came to by it; absent where that is not counted. */
  readonly share?: ResourceShare
}

/** What a run came to at one resource. */
export interface ResourceShare {
  readonly resource: string
  /** Those that were opened. */
  readonly sessions: number
  /** Those that no rule let it open. */
  readonly sessionsRefused: number
  /** All of them, whatever became of them. */
  readonly operations: number
  /** Of these, what we said no to. */
  readonly refused: number
  /** What a rule asks people about. */
  readonly held: number
  /** Values that were masked. */
  readonly masked: number
}

/** Both together; of the same resource. */
export function addShares(a: ResourceShare, b: ResourceShare): ResourceShare {
  return {
    resource: a.resource,
    sessions: a.sessions + b.sessions,
    sessionsRefused: a.sessionsRefused + b.sessionsRefused,
    operations: a.operations + b.operations,
    refused: a.refused + b.refused,
    held: a.held + b.held,
    masked: a.masked + b.masked,
  }
}

/** What a run comes to, kept while it is live, so that its end can say so without the log being read. */
export class RunAccount {
  readonly began: LogPlace
  #last: number
  #decisions: Decisions = { allow: 0, ask: 0, deny: 0 }
  #usage: UsageSum = NO_USAGE
  #shares = new Map<string, ResourceShare>()
  #exact: boolean
  #expected = 0
  readonly #waiting: (() => void)[] = []

  /** @param exact false where entries of it may be in the log that were not counted here, as after a restart */
  constructor(began: LogPlace, exact: boolean) {
    this.began = began
    this.#last = began.index
    this.#exact = exact
  }

  /** Its operations by decision, over all sessions. */
  get decisions(): Decisions {
    return this.#decisions
  }

  /** What its calls of models came to, over all sessions. */
  get usage(): UsageSum {
    return this.#usage
  }

  /** The same by resource, in the order in which they were opened. */
  get shares(): readonly ResourceShare[] {
    return [...this.#shares.values()]
  }

  /** Index of its newest entry. */
  get last(): number {
    return this.#last
  }

  /** Whether all this is what the log holds. Else the log must be read. */
  get exact(): boolean {
    return this.#exact
  }

  /**
   * An entry of the run is to come, or a session whose entries are.
   * @returns to be called once with the index of the last of them; undefined where that is not known
   */
  expect(): (index: number | undefined) => void {
    this.#expected++
    return (index) => {
      if (index === undefined) this.#exact = false
      else this.#last = Math.max(this.#last, index)
      if (--this.#expected === 0) for (const resolve of this.#waiting.splice(0)) resolve()
    }
  }

  /** A call of a model used so much. */
  spent(usage: Usage): void {
    this.#usage = addUsage(this.#usage, usage)
  }

  add({ decisions: { allow, ask, deny }, exact, share }: SessionAccount): void {
    if (share) this.#share(share)
    const sum = this.#decisions
    this.#decisions = { allow: sum.allow + allow, ask: sum.ask + ask, deny: sum.deny + deny }
    this.#exact &&= exact
  }

  /** What the log holds instead of what was counted here. */
  counted(shares: Iterable<ResourceShare>, usage: UsageSum): void {
    this.#usage = usage
    this.#shares = new Map()
    for (const share of shares) this.#share(share)
  }

  #share(share: ResourceShare): void {
    const known = this.#shares.get(share.resource)
    this.#shares.set(share.resource, known ? addShares(known, share) : share)
  }

  /** Resolves when everything expected has come. */
  settled(): Promise<void> {
    if (this.#expected === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
