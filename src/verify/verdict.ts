/** In their order: of those that fail, the first decides the exit code, which is 10 and its place here. */
export const VERDICTS = ['signature', 'append-only', 'inclusion', 'complete', 'witnessed', 'semantic', 'payload'] as const
export type Verdict = (typeof VERDICTS)[number]

/** Input about which nothing can be said (exit code 3), or a command that cannot be carried out (2). */
export class Unusable extends Error {
  exit = 3
}

/** What does not verify; `entry` is the index of the first bad entry, where one can be named. */
export class Failure extends Error {
  readonly verdict: Verdict
  readonly entry: number | undefined

  constructor(verdict: Verdict, says: string, entry?: number) {
    super(says)
    this.verdict = verdict
    this.entry = entry
  }
}

/** What a check found; undefined where it passed. */
export function attempt(work: () => void): Failure | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
}

/** Collects verdicts, and what an auditor should know besides. */
export class Report {
  readonly #lines: { readonly verdict: Verdict; readonly ok: boolean | null; readonly says: string; readonly entry?: number }[] = []
  readonly #notes: string[] = []

  /** Does one check, which returns its sentence or throws what it found. @returns whether it passed */
  check(verdict: Verdict, work: () => string): boolean {
    const failure = attempt(() => void this.#lines.push({ verdict, ok: true, says: harmless(work()) }))
    if (failure) this.#lines.push({ verdict: failure.verdict, ok: false, says: harmless(failure.message), ...entryOf(failure) })
    return failure === undefined
  }

  /** Checks that something before them made pointless. */
  skip(...verdicts: readonly Verdict[]): void {
    for (const verdict of verdicts) this.#lines.push({ verdict, ok: null, says: 'not checked' })
  }

  note(says: string): void {
    this.#notes.push(harmless(says))
  }

  get exit(): number {
    const first = VERDICTS.findIndex((verdict) => this.#lines.some((line) => line.verdict === verdict && line.ok === false))
    return first === -1 ? 0 : 10 + first
  }

  /** One line per verdict for people, or one object for programs. */
  print(json: boolean): string {
    const verdicts = VERDICTS.flatMap((verdict) => this.#lines.filter((line) => line.verdict === verdict))
    if (json) return `${JSON.stringify({ verified: this.exit === 0, exit: this.exit, verdicts, notes: this.#notes })}\n`
    const lines = verdicts.map(({ verdict, ok, says }) => `${ok === null ? '--  ' : ok ? 'ok  ' : 'FAIL'} ${verdict}: ${says}`)
    const sum = this.exit === 0 ? 'verified' : `NOT VERIFIED, exit code ${this.exit}`
    return `${[...lines, ...this.#notes.map((note) => `note ${note}`), sum].join('\n')}\n`
  }
}

const entryOf = ({ entry }: Failure) => (entry === undefined ? {} : { entry })

/** Recorded bytes are hostile: only printable ASCII reaches a terminal. */
export function harmless(text: string): string {
  const escaped = (char: string) => `\\u{${char.codePointAt(0)?.toString(16)}}`
  return text.slice(0, 1000).replace(/[^\x20-\x7e]/gu, escaped)
}
