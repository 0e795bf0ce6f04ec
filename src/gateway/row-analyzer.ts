import { Presidio } from '../analyzer/index.ts'
import type { AnalyzerSettings, Config } from '../config/index.ts'
import type { TextAnalyzer } from '../protocols/postgres/index.ts'

/**
 * The analyzer that masks ask about rows: one for all sessions, so that few questions are asked at once, and another one as soon as the configuration
 * says something else of it.
 *
 * @param config in force now
 * @returns undefined where none is configured
 */
export function rowAnalyzer(config: () => Pick<Config, 'masking'>): () => TextAnalyzer | undefined {
  let made: { readonly of: AnalyzerSettings; readonly as: string; readonly analyzer: TextAnalyzer } | undefined
  return () => {
    const settings = config().masking.analyzer
    if (settings === undefined) return undefined
    if (made?.of === settings) return made.analyzer
    const as = JSON.stringify(settings)
    made = { of: settings, as, analyzer: made?.as === as ? made.analyzer : analyzerOf(settings) }
    return made.analyzer
  }
}

function analyzerOf(settings: AnalyzerSettings): TextAnalyzer {
  const presidio = new Presidio(settings)
  return {
    whenSilent: settings.whenSilent,
    async analyze(texts, entities, signal) {
      const analyses = await presidio.analyzeAll(texts, entities, signal)
      return analyses.map((analysis) => ('found' in analysis ? analysis.found : undefined))
    },
  }
}
