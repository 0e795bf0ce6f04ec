import { closeSync, fstatSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { z } from 'zod'
import { CliError } from './errors.ts'
import type { Surroundings } from './surroundings.ts'
import { writePrivately } from './write-privately.ts'

/** Somebody's sessions at admin doors, by origin: what `gatescribe login` leaves. */
export type KeptSessions = Readonly<Record<string, KeptSession>>

export interface KeptSession {
  readonly token: string
  /** Absolute path of the CA that was named at the sign-in. */
  readonly ca?: string | undefined
}

const fileSchema = z.object({ sessions: z.record(z.string(), z.object({ token: z.string(), ca: z.string().optional() })) })
/** Bytes; there are a few hundred per gateway. */
const LONGEST = 1024 * 1024

type Home = Pick<Surroundings, 'env'>

/** `$XDG_CONFIG_HOME/gatescribe/session.json`; the variable counts only where it is absolute (XDG Base Directory Specification). */
export function sessionPath({ env }: Home): string {
  const named = env.XDG_CONFIG_HOME
  const folder = named !== undefined && isAbsolute(named) ? named : join(env.HOME ?? homedir(), '.config')
  return join(folder, 'gatescribe', 'session.json')
}

/** @throws CliError GS_CLI_SESSION_FILE where others can read it, or somebody else wrote it */
export function readSessions(home: Home): KeptSessions {
  const path = sessionPath(home)
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new CliError('GS_CLI_SESSION_FILE', `${path} cannot be read.`, { cause: error })
  }
  try {
    const { mode, uid, size } = fstatSync(file)
    if (process.getuid !== undefined) {
      if (uid !== process.getuid()) throw new CliError('GS_CLI_SESSION_FILE', `${path} belongs to somebody else.`)
      if ((mode & 0o077) !== 0) throw new CliError('GS_CLI_SESSION_FILE', `${path} is open to others (mode ${(mode & 0o777).toString(8)}).`)
    }
    if (size > LONGEST) throw new CliError('GS_CLI_SESSION_FILE', `${path} is no file of sessions.`)
    return fileSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).sessions
  } catch (error) {
    // What is in it opens something: it is not quoted.
    throw error instanceof CliError ? error : new CliError('GS_CLI_SESSION_FILE', `${path} is no file of sessions.`)
  } finally {
    closeSync(file)
  }
}

/** @param session undefined: there is none any more. @throws CliError */
export function keepSession(origin: string, session: KeptSession | undefined, home: Home): void {
  const { [origin]: _, ...others } = readSessions(home)
  const path = sessionPath(home)
  const folder = dirname(path)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new CliError('GS_CLI_FILE', `${folder} cannot be made.`, { cause: error })
  }
  const sessions = session === undefined ? others : { ...others, [origin]: session }
  writePrivately(path, `${JSON.stringify({ sessions }, undefined, 2)}\n`, { folder })
}
