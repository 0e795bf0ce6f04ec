import { appendFileSync } from 'node:fs'
import { type RunSummary, summaryJson, summaryLines, summaryMarkdown, troubleLines } from '../../launch/index.ts'
import type { Printer } from '../printer.ts'
import type { Surroundings } from '../surroundings.ts'
import { writePrivately } from '../write-privately.ts'

export interface SummaryOptions {
  /** The file for programs. */
  readonly json?: string
  readonly quiet?: true
  readonly stepSummary?: boolean
}

/** How a line of the launcher begins, between those of the job. */
export const OURS = 'gatescribe: '

/** To standard error, to GitHub's step summary, to a file. Where one of them cannot be written the others are, and the job's exit code stays. */
export function tellSummary(
  summary: RunSummary,
  { json, quiet, stepSummary = true }: SummaryOptions,
  { env, folder }: Pick<Surroundings, 'env' | 'folder'>,
  printer: Pick<Printer, 'remark'>,
): void {
  for (const line of quiet ? troubleLines(summary) : summaryLines(summary)) printer.remark(`${OURS}${line}`)
  const attempt = (what: string, write: () => void) => {
    try {
      write()
    } catch (error) {
      printer.remark(`${OURS}${what} cannot be written: ${(error as Error).message}`)
    }
  }
  const step = env.GITHUB_STEP_SUMMARY
  if (stepSummary && step) attempt('the step summary', () => appendFileSync(step, summaryMarkdown(summary)))
  if (json !== undefined) attempt(json, () => writePrivately(json, `${JSON.stringify(summaryJson(summary), null, 2)}\n`, { folder }))
}
