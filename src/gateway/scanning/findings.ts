import type { ScanReport } from '../../api/local/index.ts'
import { type ColumnSample, proposeMasks } from '../../masking/index.ts'
import type { ScannedRelation } from '../../protocols/postgres/scan/index.ts'

/** What is told of relations that were not looked at. */
const TOLD = 1000
/** Columns of which something is kept; more than anybody would read. */
const KEPT = 20_000

/** Gathers what a scan finds: of columns that nothing speaks for, only their number. */
export class Findings {
  readonly #samples: ColumnSample[] = []
  readonly #skipped: ScanReport['skipped'] = []
  readonly #found = new Map<string, number>()
  readonly #asks: boolean
  readonly #unanswered: { column: string; values: number; why: string }[] = []
  #unansweredColumns = 0
  #shown = 0
  #skippedRelations = 0
  #relations = 0
  #columns = 0
  #rows = 0

  /** @param asks whether an analyzer is asked too */
  constructor(asks: boolean) {
    this.#asks = asks
  }

  /** The analyzer is shown one more value; counted before it is, so that what is recorded is never less than what left. */
  shown(): void {
    this.#shown += 1
  }

  /** @returns how many columns of it something speaks for */
  add(database: string, { relation, rows, columns, skipped }: ScannedRelation): number {
    if (skipped) {
      this.#skippedRelations += 1
      if (this.#skipped.length < TOLD) this.#skipped.push({ database, relation, ...skipped })
    }
    if (skipped?.why !== 'too many relations') this.#relations += 1
    this.#rows += rows
    this.#columns += columns.filter(({ values }) => values > 0).length
    for (const { column, unanswered } of columns) {
      if (unanswered === undefined) continue
      this.#unansweredColumns += 1
      if (this.#unanswered.length < TOLD) this.#unanswered.push({ column, ...unanswered })
    }
    const speaking = columns.filter(({ found, hint }) => hint !== undefined || Object.keys(found).length > 0)
    for (const { found, hint } of speaking) {
      const said = Object.keys(found)
      for (const what of said.length > 0 ? said : [`name:${hint}`]) this.#found.set(what, (this.#found.get(what) ?? 0) + 1)
    }
    this.#samples.push(...speaking.slice(0, KEPT - this.#samples.length))
    return speaking.length
  }

  report(resource: string, databases: readonly string[]): Omit<ScanReport, 'entry'> {
    return {
      ...{ resource, databases: [...databases], relations: this.#relations, columns: this.#columns, rows: this.#rows },
      found: Object.fromEntries([...this.#found].sort(([a], [b]) => (a < b ? -1 : 1))),
      masks: proposeMasks(resource, this.#samples).map(({ name, as, columns }) => ({
        ...{ name, as },
        columns: columns.map(({ column, values, found, analyzed, doubtful, hint }) => ({
          ...{ column, values, found: { ...found }, doubtful },
          ...(analyzed !== undefined && { analyzed }),
          ...(hint !== undefined && { hint }),
        })),
      })),
      ...{ skipped: this.#skipped, skippedRelations: this.#skippedRelations },
      ...(this.#asks && {
        analyzer: { shown: this.#shown, unanswered: this.#unanswered, unansweredColumns: this.#unansweredColumns },
      }),
    }
  }
}
