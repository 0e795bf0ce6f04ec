import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname } from 'node:path'
import { TokenDoorClient } from '../../api/token/client.ts'
import { envFileLines, exportLines, prepareJob, unsetLines } from '../../launch/index.ts'
import type { EnvOptions } from '../commands/env.ts'
import { CliError } from '../errors.ts'
import type { Shell } from '../shell.ts'
import { writePrivately } from '../write-privately.ts'
import { beginRun } from './begin-run.ts'
import { runOfHandle } from './gateway-run.ts'
import { forgetRun, keepRun, keptRun } from './kept-run.ts'

/** Seconds: nobody beats for a shell. */
const LEASE = 900

/** Begins a run and prints what points clients at it. @throws CodedError */
export async function printEnvironment(options: EnvOptions, shell: Shell): Promise<void> {
  const { surroundings, printer } = shell
  const run = await beginRun({ ...options, lease: LEASE }, shell)
  try {
    const { id, gateway, ca, planes, proof, handle } = run
    const prepared = await prepareJob({
      ...{ run: id, planes, ca, env: surroundings.env, unattended: true },
      gatewayHost: gateway.hostname.replace(/^\[|\]$/g, ''),
      asked: options.resource ?? [],
      pass: options.pass ?? [],
      tokenEnv: options.tokenEnv,
      ...(proof !== undefined && { identity: proof }),
    })
    keepRun(id, { gateway: gateway.href, handle, home: prepared.home, ...(ca !== undefined && { ca }) }, surroundings)
    const { HOME: home, ...others } = prepared.ours
    const environment = options.home && home !== undefined ? { ...others, HOME: home } : others
    const { unnamed: _, ...kinds } = prepared.removed
    const unset = Object.values(kinds).flat().sort()
    const end = `gatescribe env --end ${id}`
    if (options.writeEnv !== undefined) {
      const path = writePrivately(options.writeEnv, envFileLines(environment), surroundings)
      if (options.json) return printer.json({ run: id, expiresIn: run.expiresIn, envFile: path, unset, end })
      return printer.line(`Wrote ${path} for ${id}. End it with: ${end}`)
    }
    if (options.json) return printer.json({ run: id, expiresIn: run.expiresIn, environment, unset, end })
    printer.exact(unsetLines(unset) + exportLines(environment))
    printer.remark(`${id} is good for ${Math.round(run.expiresIn / 60)} minutes; the same again makes it longer. End it with: ${end}`)
  } finally {
    await run.close()
  }
}

/** Ends a run that was begun for a shell. @throws CodedError */
export async function endRun(named: string | true, { json }: EnvOptions, { surroundings, printer }: Shell): Promise<void> {
  const id = named === true ? surroundings.env.GATESCRIBE_RUN : named
  if (id === undefined) throw new CliError('GS_CLI_USAGE', 'Name the run: gatescribe env --end run_….')
  const { gateway, ca, handle, home } = keptRun(id, surroundings)
  const door = new TokenDoorClient(gateway, ca)
  try {
    await runOfHandle(door, handle, LEASE).end()
  } finally {
    await door.abandon()
  }
  // Only what we made, wherever the file says that it is.
  if (dirname(home) === tmpdir() && basename(home).startsWith('gatescribe-run-')) rmSync(home, { recursive: true, force: true })
  forgetRun(id, surroundings)
  if (json) return printer.json({ run: id, state: 'ended' })
  printer.line(`${id} has ended.`)
}
