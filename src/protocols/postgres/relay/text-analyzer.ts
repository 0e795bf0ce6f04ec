import type { Detection } from '../../../masking/index.ts'

/** Somebody who finds in texts what no pattern does, and is shown them for that. */
export interface TextAnalyzer {
  /** Whether texts without an answer are shown (and counted), or end their result. */
  readonly whenSilent: 'fail' | 'pass'
  /**
   * What is in each of these texts, in their order; places are within the text. Bounded in time, and never rejects.
   * @param texts UTF-8 @param entities what is looked for @param signal nobody waits any more
   * @returns undefined for a text without an answer
   */
  analyze(
    texts: readonly Uint8Array[],
    entities: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly (readonly Detection[] | undefined)[]>
}
