import { randomBytes } from 'node:crypto'
import type { Run, RunId } from '../operations/index.ts'
import type { ClaimedSpan, SpanSink } from '../protocols/otlp/index.ts'
import { leakedDoors, redactJson } from '../redaction/index.ts'
import type { LiveRuns } from '../runs/index.ts'
import type { Trail } from '../trail/index.ts'
import { redactedPayload } from './redacted-payload.ts'

/** Spans of a run are gathered for so long, ms: exporters that send each at once do not fill the log with entries. */
const GATHERED_MS = 1_000
/** Of one entry. */
const SPANS = 256
const CHARACTERS = 256 * 1024
/** Of one run, over all entries: spans, and characters of what is kept of them. */
const MOST_SPANS = 10_000
const MOST_CHARACTERS = 16 * 1024 * 1024

/** What waits to be written. */
interface Gathered {
  readonly spans: ClaimedSpan[]
  characters: number
  other: number
  dropped: number
  readonly written: (index: number | undefined) => void
  readonly timer: NodeJS.Timeout
}

/**
 * What jobs tell of themselves in spans, as entries `run.spans`: claimed, beside what the gateway has seen. Each entry has a payload key of its own, which goes
 * with its run.
 */
export class SpanRecords implements SpanSink {
  readonly most = MOST_SPANS
  readonly #trail: Pick<Trail, 'note' | 'sessionKey' | 'pseudonym'>
  readonly #runs: Pick<LiveRuns, 'expect'>
  readonly #gathered = new Map<RunId, Gathered & { readonly run: Run }>()
  /** Of live runs: what was kept of them since the gateway started. */
  readonly #kept = new Map<RunId, { spans: number; characters: number }>()

  constructor(trail: Pick<Trail, 'note' | 'sessionKey' | 'pseudonym'>, runs: Pick<LiveRuns, 'expect'>) {
    this.#trail = trail
    this.#runs = runs
  }

  take(run: Run, spans: readonly ClaimedSpan[], other: number): number | undefined {
    let taken = 0
    if (spans.length === 0) return this.#countOther(run, other) ? 0 : undefined
    for (const span of spans) {
      const gathered = this.#gather(run)
      if (!gathered) return undefined
      const kept = this.#kept.get(run.id) ?? { spans: 0, characters: 0 }
      this.#kept.set(run.id, kept)
      const characters = JSON.stringify(span).length
      if (kept.spans === MOST_SPANS || kept.characters + characters > MOST_CHARACTERS) {
        gathered.dropped++
        continue
      }
      kept.spans++
      kept.characters += characters
      taken++
      gathered.spans.push(span)
      gathered.characters += characters
      if (gathered.spans.length === SPANS || gathered.characters >= CHARACTERS) this.#write(run.id)
    }
    this.#countOther(run, other)
    return taken
  }

  /** Before the end of a run is recorded: what waits is of the run. */
  runEnded(run: RunId): void {
    this.#write(run)
    this.#kept.delete(run)
  }

  /** Writes what waits. */
  stop(): void {
    for (const run of [...this.#gathered.keys()]) this.#write(run)
  }

  /** What is about nothing that is kept is counted with what is, and makes no entry by itself. @returns false where the run is over */
  #countOther(run: Run, other: number): boolean {
    const gathered = this.#gathered.get(run.id)
    if (gathered) gathered.other += other
    if (gathered) return true
    const probe = this.#runs.expect(run.id)
    probe?.(0)
    return probe !== undefined
  }

  #gather(run: Run): Gathered | undefined {
    const before = this.#gathered.get(run.id)
    if (before) return before
    const written = this.#runs.expect(run.id)
    if (!written) return undefined
    const timer = setTimeout(() => this.#write(run.id), GATHERED_MS).unref()
    const gathered = { run, spans: [], characters: 0, other: 0, dropped: 0, written, timer }
    this.#gathered.set(run.id, gathered)
    return gathered
  }

  #write(id: RunId): void {
    const gathered = this.#gathered.get(id)
    if (!gathered) return
    this.#gathered.delete(id)
    clearTimeout(gathered.timer)
    const { run, spans, other, dropped, written } = gathered
    const { issuer, subject, kind } = run.principal
    const key = this.#trail.sessionKey()
    const redacted = redactJson(spans)
    const { fields, payloads } = redactedPayload('spans', key, redacted)
    const who = { pseudonym: this.#trail.pseudonym(issuer, subject), kind }
    const batch = `spn_${randomBytes(12).toString('hex')}`
    const counts = { spans: spans.length, other, dropped, claimed: true }
    this.#trail.note({ kind: 'run.spans', fields: { run: id, batch, who, key: key.id, ...counts, ...fields }, payloads }, written)
    for (const credential of leakedDoors(redacted.found)) {
      const leaked = this.#runs.expect(id)
      this.#trail.note({ kind: 'credential.leaked', fields: { run: id, credential, in: 'spans' } }, leaked)
    }
  }
}
