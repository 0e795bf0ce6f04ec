import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname } from 'node:path'
import { overviewOf, type WorkResult } from './overview.ts'

/** What a bench found, and whatever else it measured. */
export interface Found {
  readonly options: { readonly seconds: number; readonly rounds: number }
  readonly results: readonly WorkResult[]
  readonly [measured: string]: unknown
}

/** Writes it as JSON, with the machine that it was found on, and prints an overview of each subject beside the yardsticks: by default nginx and the direct way. */
export function writeResults(
  out: string,
  found: Found,
  subjects: readonly string[],
  yardsticks: readonly string[] = ['nginx', 'direct'],
): void {
  mkdirSync(dirname(out), { recursive: true })
  const machine = { processors: cpus().length, model: cpus()[0]?.model ?? '', node: process.version }
  writeFileSync(out, `${JSON.stringify({ at: new Date().toISOString(), machine, ...found }, null, 2)}\n`)
  for (const subject of subjects) console.log(overviewOf(found.results, subject, yardsticks))
  console.log(`written to ${out}`)
}
