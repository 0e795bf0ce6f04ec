import { Presidio } from '../analyzer/index.ts'
import type { Finding } from '../api/local/index.ts'
import type { AnalyzerSettings } from '../config/index.ts'

/** What it is asked: nobody's data. */
const SENTENCE = 'Ada Lovelace lived in London.'
const FAILED = {
  late: 'gave no answer in time',
  refused: 'cannot be reached, or refuses',
  unreadable: 'gave an answer that cannot be read',
}

/** Whether the analyzer that scans and masks ask answers, and knows a name where it sees one. */
export async function analyzerFinding(settings: AnalyzerSettings, signal: AbortSignal): Promise<Finding> {
  const subject = 'analyzer'
  const analysis = await new Presidio({ ...settings, entities: ['PERSON'] }).analyze(Buffer.from(SENTENCE), signal)
  if ('failed' in analysis) {
    const said = analysis.failed === 'too-long' ? FAILED.refused : FAILED[analysis.failed]
    const next = `See that ${settings.url} answers; what masks ask it meanwhile ${settings.whenSilent === 'fail' ? 'is not shown' : 'is shown unmasked'}.`
    return { subject, level: 'fail', found: `It ${said}.`, next }
  }
  if (analysis.found.length > 0) return { subject, level: 'ok', found: 'It answers, and finds a name in a sentence.' }
  return {
    subject,
    level: 'warn',
    found: `It answers, and finds nobody in "${SENTENCE}".`,
    next: 'See whether it has a model of masking.analyzer.language, and whether masking.analyzer.score asks for too much.',
  }
}
