import type { ScanAsked, ScanReport } from '../../api/local/index.ts'
import type { AnalyzerSettings } from '../../config/index.ts'
import { redactJson } from '../../redaction/index.ts'
import type { PayloadKey, Recorded, Trail } from '../../trail/index.ts'
import { redactedPayload } from '../redacted-payload.ts'

/** How a scan ended; the code where it failed. */
export type ScanEnd =
  | { readonly outcome: 'done' }
  | { readonly outcome: 'abandoned' }
  | { readonly outcome: 'failed'; readonly code: string }

/** Scans as entries: counts stand in them, names of databases, schemas, tables and columns beside them. No value is in either. */
export class ScanRecords {
  readonly #trail: Pick<Trail, 'durable' | 'subjectKey'>
  readonly #key: PayloadKey

  constructor(trail: Pick<Trail, 'durable' | 'subjectKey'>) {
    this.#trail = trail
    this.#key = trail.subjectKey('gateway')
  }

  /** @param by who asked, as entries name him @param analyzer who is shown values. @throws TrailError: then nothing may be read */
  async begun(by: string, { resource, rows, views, databases, schemas }: ScanAsked, analyzer: AnalyzerSettings | undefined): Promise<void> {
    const { fields, payloads } = redactedPayload('asked', this.#key, redactJson({ databases, schemas, ...(analyzer && { analyzer }) }))
    await this.#trail.durable({
      kind: 'scan.begun',
      fields: { resource, rows, views, analyzer: analyzer !== undefined, by, ...fields },
      payloads,
    })
  }

  /** @param credentials names of those that it logged in with */
  async ended(by: string, report: Omit<ScanReport, 'entry'>, credentials: readonly string[], end: ScanEnd): Promise<Recorded> {
    const { resource, relations, columns, rows, found, masks, databases, skippedRelations: skipped, analyzer } = report
    const { fields, payloads } = redactedPayload(
      'found',
      this.#key,
      redactJson({ databases, masks, ...(analyzer && { unanswered: analyzer.unanswered }) }),
    )
    return this.#trail.durable({
      kind: 'scan.ended',
      fields: {
        ...{ resource, by, ...end, relations, columns, rows, skipped, found: { ...found }, credentials },
        ...(analyzer && { analyzer: { shown: analyzer.shown, unansweredColumns: analyzer.unansweredColumns } }),
        ...fields,
      },
      payloads,
    })
  }
}
