import { Counts, type Findings, type TextAnalyzer } from '../../../masking/index.ts'
import type { Mask, MaskCount } from '../../../operations/index.ts'
import { ModelError } from '../errors.ts'
import { type AnalyzerMemory, AskedAnalyses } from './asked-analyses.ts'
import { MaskedStrings } from './mask-string.ts'
import { modelFindings } from './model-findings.ts'
import { rewriteStrings } from './rewrite-strings.ts'
import { saidBy } from './texts.ts'

/** Whom masks ask about prompts, and what was answered before. */
export interface PromptAnalyzer {
  readonly ask: TextAnalyzer
  readonly memory: AnalyzerMemory
}

/** What leaves for the provider. */
export interface MaskedPrompt {
  readonly body: Buffer
  readonly counts: readonly MaskCount[]
}

export interface PromptMasking {
  /** Whether nothing may go that no detector reads. */
  readonly refusesBinary: boolean
  /**
   * @param body JSON that was read already
   * @throws Refusal GS_ANALYZER_SILENT; ModelError GS_MODEL_BINARY_REFUSED
   */
  mask(body: Buffer, signal: AbortSignal): Promise<MaskedPrompt>
}

/**
 * Masks of what is sent to a model: every text of it, also those of tool results and of what tools were called with.
 * @param masks that hold for who asks. @param key of the operator `hash`. @param analyzer undefined: there is none
 * @returns undefined where no mask looks into prompts
 * @throws MaskingError GS_MASK_PATTERN
 */
export function promptMasking(masks: readonly Mask[], key: Uint8Array | undefined, analyzer?: PromptAnalyzer): PromptMasking | undefined {
  const findings = modelFindings(masks, 'prompt')
  const refusesBinary = masks.some(({ binary, directions }) => binary === 'refuse' && (directions?.includes('prompt') ?? true))
  if (findings === undefined && !refusesBinary) return undefined
  return {
    refusesBinary,
    async mask(body, signal) {
      if (refusesBinary) refuseBinary(body)
      if (findings === undefined) return { body, counts: [] }
      const { entities, masks: byDetector } = findings
      const analyses = entities && analyzer ? new AskedAnalyses(analyzer.ask, analyzer.memory, entities) : undefined
      if (analyses) {
        masked(body, new MaskedStrings(findings, key, () => {}, analyses))
        await analyses.ask(signal)
      }
      const counts = new Counts()
      const found = (detector: string) => counts.add((byDetector.get(detector) ?? firstOf(findings))?.name ?? '', detector)
      return { body: masked(body, new MaskedStrings(findings, key, found, analyses)), counts: counts.all() }
    },
  }
}

function masked(body: Buffer, strings: MaskedStrings): Buffer {
  return rewriteStrings(body, {
    text(token, path, name) {
      const said = saidBy(stringIn(token), path, true)
      return said === 'text' || said === 'arguments' ? strings.embedded(token, name) : undefined
    },
  })
}

function refuseBinary(body: Buffer): void {
  rewriteStrings(body, {
    text(token, path) {
      if (saidBy(stringIn(token), path, true) === 'binary') throw new ModelError('GS_MODEL_BINARY_REFUSED')
      return undefined
    },
  })
}

/** What a string stands for. */
export function stringIn(token: Buffer): string {
  return token.includes(0x5c) ? (JSON.parse(token.toString()) as string) : token.toString('utf8', 1, token.length - 1)
}

/** Whose mask is told of what no mask names. */
function firstOf({ masks }: Findings): Mask | undefined {
  for (const mask of masks.values()) return mask
  return undefined
}
