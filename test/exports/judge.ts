import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, 'python')

/** What `judge` needs, where `.ci/suites/05-export-judges` has made it; else undefined. */
export function judgesHere(): string | undefined {
  const key = createHash('sha256')
    .update(readFileSync(join(FOLDER, 'requirements.txt')))
    .digest('hex')
    .slice(0, 16)
  const cache = process.env.GATESCRIBE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'gatescribe')
  const python = join(cache, `python-${key}`, 'bin/python')
  return existsSync(python) ? python : undefined
}

export const JUDGES = 'the judges of test/exports/python (.ci/suites/05-export-judges)'

export interface Judged {
  readonly ocsf: { readonly classes: Readonly<Record<string, number>>; readonly problems: readonly string[] }
  readonly logs: {
    readonly service: Readonly<Record<string, string>>
    /** Whether it is the same when it was decoded and encoded again. */
    readonly same: boolean
    readonly records: readonly {
      readonly time: number
      readonly severity: number
      readonly event: string
      readonly body: string
      readonly uid: string
    }[]
  }
  readonly metrics: {
    readonly same: boolean
    readonly metrics: readonly { readonly name: string; readonly unit: string; readonly data: string }[]
  }
}

/** What published schemas and decoders of others say of bodies that we send. @throws Error where one of them is none at all */
export function judge<Name extends keyof Judged>(python: string, bodies: Readonly<Record<Name, string>>): Pick<Judged, Name> {
  const { status, stdout, stderr } = spawnSync(python, [join(FOLDER, 'judge.py')], {
    input: JSON.stringify(bodies),
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Pick<Judged, Name>
}
