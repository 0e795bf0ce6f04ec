import { Presidio } from '../../analyzer/index.ts'
import type { ScanAsked, ScanLine, ScanOperator } from '../../api/local/index.ts'
import type { AnalyzerSettings } from '../../config/index.ts'
import { CodedError } from '../../operations/index.ts'
import type { PostgresAsk } from '../../protocols/postgres/index.ts'
import { type ScanOptions, scan } from '../../protocols/postgres/scan/index.ts'
import { GatewayError } from '../errors.ts'
import type { Rooms } from '../rooms.ts'
import { Findings } from './findings.ts'
import { type ScanEnd, ScanRecords } from './records.ts'

/** What is looked at of one relation, and of one database, at most. */
const COLUMNS = 200
const RELATIONS = 10_000
/** Of one statement at the target, ms. */
const STATEMENT_MS = 5_000
/** Of one log-in, ms. */
const CONNECT_MS = 10_000
/** To look at rows it takes a credential that is for reading. */
const TO_READ: ReadonlySet<string> = new Set(['session', 'read'])

type Parts = Pick<Rooms, 'inForce' | 'connector' | 'trail'>

/** Looks at what resources hold; one scan at a time, as each reads from a target as fast as it can. */
export class Scanning {
  readonly #parts: Parts
  readonly #records: ScanRecords
  #scanning = false

  constructor(parts: Parts) {
    this.#parts = parts
    this.#records = new ScanRecords(parts.trail)
  }

  /** @param by who asks, as entries name him */
  operator(by: string): ScanOperator {
    return { scanResource: async (asked, signal) => this.#begin(by, asked, signal) }
  }

  async #begin(by: string, asked: ScanAsked, signal: AbortSignal): Promise<AsyncIterable<ScanLine>> {
    const { resources } = this.#parts.inForce.taken
    const resource = resources.postgres(asked.resource)
    if (resource === undefined) throw new GatewayError(resources.get(asked.resource) ? 'GS_GATEWAY_NOT_SCANNED' : 'GS_GATEWAY_NO_RESOURCE')
    const analyzer = asked.analyzer ? this.#parts.inForce.config.masking.analyzer : undefined
    if (asked.analyzer && analyzer === undefined) throw new GatewayError('GS_GATEWAY_NO_ANALYZER')
    if (this.#scanning) throw new GatewayError('GS_GATEWAY_SCANNING')
    this.#scanning = true
    try {
      await this.#records.begun(by, asked, analyzer)
    } catch (error) {
      this.#scanning = false
      throw error
    }
    const configured = [...new Set(resource.databases.values())]
    return this.#scan(by, asked, asked.databases ?? (configured.length > 0 ? configured : ['postgres']), analyzer, signal)
  }

  async *#scan(
    by: string,
    asked: ScanAsked,
    databases: readonly string[],
    analyzer: AnalyzerSettings | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<ScanLine> {
    const findings = new Findings(analyzer !== undefined)
    const asking = analyzer && askedFor(analyzer, findings)
    const credentials = new Set<string>()
    // Whoever reads the lines may go away at any of them.
    let end: ScanEnd = { outcome: 'abandoned' }
    let recorded: Promise<{ readonly index: number }> | undefined
    const report = () => findings.report(asked.resource, databases)
    try {
      for (const database of databases) yield* this.#scanDatabase(asked, database, asking, findings, credentials, signal)
      end = { outcome: 'done' }
    } catch (error) {
      if (!signal.aborted) end = { outcome: 'failed', code: error instanceof CodedError ? error.code : 'GS_SCAN_BROKEN_OFF' }
      throw error
    } finally {
      this.#scanning = false
      recorded = this.#records.ended(by, report(), [...credentials], end)
      // Where it was read to the end, it is shown only once it is recorded.
      if (end.outcome !== 'done') await recorded.catch(() => undefined)
    }
    const { index } = await recorded
    yield { report: { ...report(), entry: index } }
  }

  async *#scanDatabase(
    { resource, rows, views, schemas }: ScanAsked,
    database: string,
    analyzer: ScanOptions['analyzer'],
    findings: Findings,
    credentials: Set<string>,
    signal: AbortSignal,
  ): AsyncGenerator<ScanLine> {
    const ask: PostgresAsk = { database, settings: new Map(), minor: 0, readOnly: true }
    const patience = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)])
    const { target, credential } = await this.#parts.connector.connect({ name: resource }, ask, patience, TO_READ)
    credentials.add(credential.name)
    const options = { database, rows, views, schemas, analyzer, columns: COLUMNS, relations: RELATIONS, statementMs: STATEMENT_MS }
    for await (const { done, of, scanned } of scan(target, options, signal)) {
      const columns = scanned && findings.add(database, scanned)
      const { relation, rows: read, skipped } = scanned ?? {}
      yield {
        ...{ database, done, of },
        ...(relation !== undefined && { relation, rows: read, columns }),
        ...(skipped && { skipped: skipped.why }),
      }
    }
  }
}

/** Made of what was recorded, whatever is reloaded meanwhile. */
function askedFor(settings: AnalyzerSettings, findings: Findings): NonNullable<ScanOptions['analyzer']> {
  const presidio = new Presidio(settings)
  return {
    asked: {
      analyze(text, signal) {
        findings.shown()
        return presidio.analyze(text, signal)
      },
    },
    whenSilent: settings.whenSilent,
  }
}
