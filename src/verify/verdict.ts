import { isUtf8 } from 'node:buffer'

/** In their order: of those that fail, the first decides the exit code, which is 10 and its place here. */
export const VERDICTS = ['signature', 'append-only', 'inclusion', 'complete', 'witnessed', 'semantic', 'payload'] as const
export type Verdict = (typeof VERDICTS)[number]
type Finding = { verdict: Verdict; ok: boolean | null; says: string; entry?: unknown }

/** Input about which nothing can be said. */
export class Unusable extends Error {}

/** What does not verify; its cause is the index of the first bad entry, where one can be named. */
export class Failure extends Error {}

/** @throws Unusable */
export function refuse(says: string): never {
  throw new Unusable(says)
}

/** @throws Failure */
export function fail(says: string, entry?: number): never {
  throw new Failure(says, { cause: entry })
}

/** Collects what the checks find. */
export class Report {
  readonly #findings: Finding[] = []
  exit = 0

  /** Does one check, which returns its sentence or fails; `ok` is null where that is pointless. @returns whether it passed */
  check(verdict: Verdict, isPossible: boolean, work: () => string): boolean {
    const finding: Finding = { verdict, ok: null, says: 'not checked' }
    this.#findings.push(finding)
    try {
      if (isPossible) Object.assign(finding, { says: harmless(work()), ok: true })
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      Object.assign(finding, { ok: false, says: harmless(error.message), entry: error.cause })
      this.exit = Math.min(this.exit || 99, 10 + VERDICTS.indexOf(verdict))
    }
    return finding.ok === true
  }

  /** One line per verdict for people, or one object for programs. */
  print(json: boolean): string {
    const verdicts = VERDICTS.flatMap((each) => this.#findings.filter(({ verdict }) => verdict === each))
    if (json) return `${JSON.stringify({ verified: this.exit === 0, exit: this.exit, verdicts })}\n`
    const lines = verdicts.map(({ verdict, ok, says }) => `${ok === null ? '--  ' : ok ? 'ok  ' : 'FAIL'} ${verdict}: ${says}\n`)
    return `${lines.join('')}${this.exit === 0 ? 'verified' : `NOT VERIFIED, exit code ${this.exit}`}\n`
  }
}

/** Recorded bytes are hostile: only printable ASCII reaches a terminal. */
export const harmless = (text: string) =>
  text.slice(0, 1000).replace(/[^\x20-\x7e]/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`)

/** A parsed object; its fields are as hostile as its bytes. */
export type Fields = Readonly<Record<string, unknown>>

/** What is larger than an entry holds long texts, not many values: nesting costs the parser thirty times its bytes. */
const isFlat = (bytes: Buffer) => bytes.length < 65_536 || bytes.filter((byte) => byte === 0x5b || byte === 0x7b).length < 200_000

/** None where the bytes are no JSON object in UTF-8. */
export function parseFields(bytes: Buffer): Fields {
  try {
    return isUtf8(bytes) && isFlat(bytes) ? fieldsOf(JSON.parse(bytes.toString())) : {}
  } catch {
    return {}
  }
}

export const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
export const isText = (value: unknown): value is string => typeof value === 'string'
