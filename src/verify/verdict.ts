/** In their order: of those that fail, the first decides the exit code, which is 10 and its place here. */
export const VERDICTS = ['signature', 'append-only', 'inclusion', 'complete', 'witnessed', 'semantic', 'payload'] as const
export type Verdict = (typeof VERDICTS)[number]
type Finding = { verdict: Verdict; ok: boolean | null; says: string; entry?: number | undefined }

/** Input about which nothing can be said. */
export class Unusable extends Error {}

/** What does not verify; `entry` is the index of the first bad entry, where one can be named. */
export class Failure extends Error {
  entry: number | undefined
}

/** @throws Unusable */
export function refuse(says: string): never {
  throw new Unusable(says)
}

/** @throws Failure */
export function fail(says: string, entry?: number): never {
  throw Object.assign(new Failure(says), { entry })
}

/** Collects what the checks find. */
export class Report {
  readonly #findings: Finding[] = []

  /** Does one check, which returns its sentence or fails; `ok` is null where that is pointless. @returns whether it passed */
  check(verdict: Verdict, work: () => string, isPossible = true): boolean {
    const finding: Finding = { verdict, ok: null, says: 'not checked' }
    this.#findings.push(finding)
    try {
      if (isPossible) Object.assign(finding, { says: harmless(work()), ok: true })
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      Object.assign(finding, { ok: false, says: harmless(error.message), entry: error.entry })
    }
    return finding.ok === true
  }

  get exit(): number {
    const first = VERDICTS.findIndex((each) => this.#findings.some(({ verdict, ok }) => verdict === each && ok === false))
    return first === -1 ? 0 : 10 + first
  }

  /** One line per verdict for people, or one object for programs. */
  print(json: boolean): string {
    const verdicts = VERDICTS.flatMap((each) => this.#findings.filter(({ verdict }) => verdict === each))
    if (json) return `${JSON.stringify({ verified: this.exit === 0, exit: this.exit, verdicts })}\n`
    const lines = verdicts.map(({ verdict, ok, says }) => `${ok === null ? '--  ' : ok ? 'ok  ' : 'FAIL'} ${verdict}: ${says}`)
    return `${[...lines, this.exit === 0 ? 'verified' : `NOT VERIFIED, exit code ${this.exit}`].join('\n')}\n`
  }
}

/** Recorded bytes are hostile: only printable ASCII reaches a terminal. */
export function harmless(text: string): string {
  return text.slice(0, 1000).replace(/[^\x20-\x7e]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`)
}
