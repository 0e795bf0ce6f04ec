import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ModelRequest } from '../../parts/model-server.ts'
import type { Governed } from '../governed.ts'
import type { Summary } from '../twice.ts'
import { EMAILS, runJob, type Targets } from '../world.ts'

/** Where the jobs of the matrix are. */
export const JOBS = join(import.meta.dirname, 'jobs')

/** What a job printed, and what its targets saw of it. */
export interface JobRun {
  readonly status: number
  readonly lines: readonly string[]
  readonly stderr: string
  readonly asked: readonly ModelRequest[]
  readonly log: string
}

/** A job that was run directly, and then under `gatescribe run`. */
export interface JobTwice {
  readonly direct: JobRun
  readonly governed: JobRun
  readonly summary: Summary
}

/** @param before called before each run, when everything is as it was at first */
export async function jobTwice(targets: Targets, governed: Governed, command: readonly string[], before = () => {}): Promise<JobTwice> {
  const folder = mkdtempSync(join(targets.folder, 'job-'))
  const file = join(folder, 'summary.json')
  const run = async (words: readonly string[], environment: Readonly<Record<string, string>>): Promise<JobRun> => {
    await targets.refill()
    before()
    const [asked, logged] = [targets.model.received.length, targets.server.log().length]
    const { status, stdout, stderr } = await runJob(targets, words, environment, folder)
    const lines = stdout.split('\n').filter((line) => line !== '')
    return { status, lines, stderr, asked: targets.model.received.slice(asked), log: targets.server.log().slice(logged) }
  }
  try {
    const direct = await run(command, targets.environment)
    const launch = governed.launch({}, ['--no-receipt', '--json', file])
    const under = await run([...(launch.before ?? []), ...command], launch.environment)
    return { direct, governed: under, summary: JSON.parse(readFileSync(file, 'utf8')) as Summary }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Lines with the addresses of customers taken out, masked as test/agents/governed.ts says or not. */
export function withoutAddresses(lines: readonly string[]): readonly string[] {
  return lines.map((line) =>
    EMAILS.reduce((text, email) => text.replaceAll(email, '«email»'), line).replace(/\*{4}\.(com|org)|\[email\]/g, '«email»'),
  )
}
