import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OwnRunClient } from '../api/admin/client.ts'
import type { OwnRunAnswer } from '../api/admin/own-run-schemas.ts'
import { LEADS_ELSEWHERE } from '../launch/index.ts'
import { CliError } from './errors.ts'
import { sessionPath } from './session-file.ts'
import type { Shell } from './shell.ts'
import type { Surroundings } from './surroundings.ts'
import { writePrivately } from './write-privately.ts'

/** A run is renewed when a third of its life is over, and not more often or seldom than this; ms. */
const [SOONEST, LATEST] = [1_000, 5 * 60_000]
/** After these it is over, whatever is tried. */
const OVER: ReadonlySet<string> = new Set(['GS_RUNS_OVER', 'GS_LOCAL_NOT_FOUND', 'GS_PEOPLE_SESSION_INVALID', 'GS_ADMIN_NOT_SIGNED_IN'])

/** Keeps what the gateway says its CA is, beside the sessions: it came over a connection that was verified. @returns its path */
export function keepCa(pem: string, { env }: Pick<Surroundings, 'env'>): string {
  const folder = dirname(sessionPath({ env }))
  return writePrivately(join(folder, `planes-${createHash('sha256').update(pem).digest('hex').slice(0, 16)}.pem`), pem, { folder })
}

/**
 * Starts a command in a person's run, which is renewed while it goes on and ends with it.
 * @returns the command's own exit code; as a shell tells it where a signal ended it. @throws CliError GS_CLI_NO_COMMAND
 */
export async function within(
  run: OwnRunAnswer,
  words: readonly [string, ...string[]],
  environment: Readonly<Record<string, string>>,
  client: OwnRunClient,
  { surroundings, printer }: Shell,
): Promise<number> {
  const over = new AbortController()
  const renewing = renew(run, client, over.signal).catch((error: Error) =>
    printer.remark(`${run.run} is not renewed any more: ${error.message}`),
  )
  try {
    return await command(words, { ...without(surroundings.env, LEADS_ELSEWHERE), ...environment }, surroundings)
  } finally {
    over.abort()
    await renewing
    // It ends by itself otherwise, within minutes.
    await client.end(run.run).catch(() => undefined)
  }
}

async function renew(begun: OwnRunAnswer, client: OwnRunClient, signal: AbortSignal): Promise<void> {
  for (let { expiresAt } = begun; ; ) {
    const left = Date.parse(expiresAt) - Date.now()
    try {
      await sleep(Math.min(Math.max(left / 3, SOONEST), LATEST), undefined, { signal, ref: false })
    } catch {
      return
    }
    try {
      ;({ expiresAt } = await client.renew(begun.run))
    } catch (error) {
      // Whatever passes is tried again, in time.
      if (OVER.has((error as { code?: string }).code ?? '')) throw error
    }
  }
}

function command([name, ...words]: readonly [string, ...string[]], env: Surroundings['env'], { release }: Surroundings): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(name, words, { env, stdio: 'inherit' })
    // A terminal sends Ctrl-C to the command as well, which does with it what it likes: psql cancels a statement.
    const ignore = () => undefined
    const pass = (signal: NodeJS.Signals) => void child.kill(signal)
    release()
    process.on('SIGINT', ignore).on('SIGQUIT', ignore).on('SIGTERM', pass).on('SIGHUP', pass)
    const done = () => process.off('SIGINT', ignore).off('SIGQUIT', ignore).off('SIGTERM', pass).off('SIGHUP', pass)
    child.once('error', (cause) => {
      done()
      reject(new CliError('GS_CLI_NO_COMMAND', `${name} cannot be started (${(cause as NodeJS.ErrnoException).code}).`, { cause }))
    })
    child.once('exit', (code, signal) => {
      done()
      resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM'])
    })
  })
}

function without(env: Surroundings['env'], names: readonly string[]): Surroundings['env'] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)))
}
