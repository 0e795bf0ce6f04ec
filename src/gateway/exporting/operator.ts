import type { ExportOperator, Finding } from '../../api/local/index.ts'
import type { Exporting } from './exporting.ts'

/** Exports as one caller may see and steer them. @param by as entries name the caller */
export function exportOperator(exporting: Exporting, by: string): ExportOperator {
  return {
    exports: () => exporting.state(),
    testExport: (name) => exporting.test(name, by),
    rewindExport: (name, to) => exporting.rewind(name, to, by),
    skipExport: (name, entry) => exporting.skip(name, entry, by),
  }
}

/** A lag that is older than this is worth a look, s: each publication is sent at once. */
const LATE_S = 300

/** How each export stands, and what to do about it. */
export function* exportFindings(exporting: Pick<Exporting, 'state'>): Iterable<Finding> {
  for (const { name, state, lagEntries, lagSeconds, lastError, refused } of exporting.state()) {
    const subject = `export ${name}`
    const lag = `${lagEntries} ${lagEntries === 1 ? 'entry is' : 'entries are'} still to be sent, the oldest for ${lagSeconds} s`
    if (refused !== undefined)
      yield {
        ...{ subject, level: 'fail', found: `waits at entry ${refused}, which is refused${statusIn(lastError)}: ${lag}` },
        next: `Make the receiver take it; or leave it out, recorded: gatescribe exports skip ${name} ${refused}.`,
      }
    else if (state === 'failing' && lastError)
      yield { subject, level: 'fail', found: `takes nothing now: ${lastError.message} ${lag} [${lastError.code}]`, next: lastError.next }
    else if (lagSeconds > LATE_S)
      yield { subject, level: 'warn', found: lag, next: 'Look at how fast the receiver answers: one batch is sent at a time.' }
    else yield { subject, level: 'ok', found: lagEntries === 0 ? 'has got all of the log' : `takes what is sent; ${lag}` }
  }
}

const statusIn = (failure: { readonly status?: number } | undefined) =>
  failure?.status === undefined ? '' : ` with status ${failure.status}`
