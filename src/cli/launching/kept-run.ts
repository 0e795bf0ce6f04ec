import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { CliError } from '../errors.ts'
import { sessionPath } from '../session-file.ts'
import type { Surroundings } from '../surroundings.ts'
import { writePrivately } from '../write-privately.ts'

/** What is needed to end a run that was begun for a shell. Beside the sessions of its caller, and not in the home folder of the run. */
const keptSchema = z.object({ gateway: z.string(), ca: z.string().optional(), handle: z.string(), home: z.string() })

export type KeptRun = z.output<typeof keptSchema>

const ID = /^run_[a-z0-9]{1,60}$/

type Around = Pick<Surroundings, 'env'>

/** @throws CliError GS_CLI_FILE */
export function keepRun(id: string, kept: KeptRun, around: Around): void {
  const path = pathOf(id, around)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writePrivately(path, JSON.stringify(kept), { folder: dirname(path) })
}

/** @throws CliError GS_CLI_FILE where nothing is kept of it */
export function keptRun(id: string, around: Around): KeptRun {
  const path = pathOf(id, around)
  try {
    return keptSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    // What is in it ends a run: it is not quoted.
    throw new CliError('GS_CLI_FILE', `${path} is not there, or not what gatescribe env has written.`, {
      cause: (cause as NodeJS.ErrnoException).code,
      next: 'It ends by itself within 15 minutes; an operator ends it at once with gatescribe runs revoke.',
    })
  }
}

export function forgetRun(id: string, around: Around): void {
  rmSync(pathOf(id, around), { force: true })
}

/** The caller's own configuration, also in a shell that has the home folder of the run. */
function pathOf(id: string, { env }: Around): string {
  if (!ID.test(id)) throw new CliError('GS_CLI_USAGE', 'A run is named by its public id: run_….')
  const own = { ...env, HOME: env.GATESCRIBE_CALLER_HOME ?? env.HOME }
  return join(dirname(sessionPath({ env: own })), 'runs', `${id}.json`)
}
