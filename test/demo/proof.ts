import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { OWN } from '../../src/protocols/postgres/simple-query.ts'
import type { RunningGateway } from '../parts/gateway.ts'
import { operationsOf, readTrail } from '../parts/recorded.ts'
import { EMAIL, PASSWORD, ROLE, type Stage, type StartedJob } from './stage.ts'
import { check, seen, step } from './told.ts'
import { DemoError } from './voice.ts'

/** Of an operation that is no SQL. */
const LONGEST = 100

export async function showTrail({ gateway, server }: Stage): Promise<void> {
  step('The trail has all of it. Each operation was on the disk before its target got a byte of it.')
  await sleep(200) // Outcomes are written in batches of at most 100 ms.
  const entries = await readTrail(gateway.operator)
  for (const { kind, at } of entries.filter((entry) => /^(run|config|signin|approval)/.test(entry.kind)))
    seen(`${at.slice(11, 23)}  ${kind}`)
  const operations = operationsOf(entries)
  for (const { number, effect, rules, status, statement } of operations)
    seen(`#${number} ${effect} by ${rules.join(', ') || 'no rule'}, ${status}: ${(statement.split('\n')[0] ?? '').slice(0, LONGEST)}`)
  const databases = new Set(
    entries.filter(({ kind, fields }) => kind === 'session.open' && fields.protocol === 'postgres').map(({ fields }) => fields.session),
  )
  const inDatabase = operations.filter(({ session }) => databases.has(session))
  check(
    inDatabase.length === 8 && inDatabase.filter(({ effect }) => effect === 'deny').length === 2,
    'eight operations in the database, two of them refused, one approved',
  )
  const logged = server
    .log()
    .split('\n')
    .flatMap((line) => line.split(`${ROLE}@orders LOG:  statement: `)[1] ?? [])
  const allowed = operations.filter(({ effect }) => effect !== 'deny').map(({ statement }) => statement)
  check(
    logged.length > 0 && logged.every((statement) => statement.startsWith(OWN) || allowed.includes(statement)),
    'every statement in PostgreSQL’s own log stands in the trail, or is the gateway’s own, which asked what names mean',
  )
  check(
    entries.some(({ kind }) => kind === 'run.revoked'),
    'and that the second run was revoked',
  )
}

/** Everything but what would make it last: on a terminal it goes at the pace of the session. */
export function replay({ gateway, command }: Stage, { run }: StartedJob): void {
  step('Somebody on call looks at the first session again, as the job saw it. That it was looked at is in the trail too.')
  const { sessions } = JSON.parse(ask(command, gateway, 'sessions', 'ls', '--ended', '--json').said) as {
    sessions: { id: string; run: string; resource: string }[]
  }
  const session = sessions.find((one) => one.run === run && one.resource === 'orders-db')
  const replayed = ask(command, gateway, 'replay', session?.id ?? 'none')
  for (const line of replayed.said.split('\n')) seen(line)
  check(
    replayed.status === 0 && replayed.said.includes('****.com') && !replayed.said.includes(EMAIL),
    'the masked value and the refusals are there; the address is not, as nobody was shown it',
  )
}

function ask(
  command: string,
  gateway: RunningGateway,
  ...args: readonly string[]
): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args, '-c', gateway.configPath], { encoding: 'utf8' })
  if (status !== 0) throw new DemoError(`gatescribe ${args.join(' ')}: ${stderr}`)
  return { status, said: stdout.trim() }
}

/** What an auditor does, who has a verifier key from the platform team and trusts nothing else of ours. */
export async function verify({ gateway }: Stage, { receipt }: StartedJob): Promise<void> {
  step('Somebody who does not trust the gateway checks it, with a program that shares no code with it.')
  const [key] = (await gateway.operator.logKeys()).keys
  const verified = verifier(key!.vkey, receipt)
  for (const line of verified.said) seen(line)
  check(verified.status === 0, 'the receipt that gatescribe run has left for its CI: the run began and ended in this log')

  const copy = join(gateway.folder, 'copy')
  cpSync(join(gateway.data, 'trail/log'), copy, { recursive: true })
  check(verifier(key!.vkey, copy).status === 0, 'the log itself, every entry of it')
  const [bundle] = readdirSync(join(copy, 'tile/entries/000.p'))
    .sort((a, b) => Number(b) - Number(a))
    .map((name) => join(copy, 'tile/entries/000.p', name))
  const bytes = readFileSync(bundle!)
  const at = bytes.indexOf('"deny"')
  writeFileSync(bundle!, bytes.fill('"allow', at, at + 6))
  const changed = verifier(key!.vkey, copy)
  for (const line of changed.said.filter((line) => line.startsWith('FAIL'))) seen(line)
  check(
    changed.status === 12,
    'and where somebody makes an "allow" of the "deny" in a copy of it, it says which entry is not the one that was signed',
  )
}

function verifier(key: string, path: string): { readonly status: number | null; readonly said: readonly string[] } {
  const program = join(import.meta.dirname, '../../bin/gatescribe-verify.js')
  const { status, stdout } = spawnSync(process.execPath, [program, '--key', key, path], { encoding: 'utf8' })
  return { status, said: stdout.trim().split('\n') }
}

export function lookForSecrets({ gateway, model, cluster, github }: Stage, jobs: readonly StartedJob[]): void {
  step('No secret is where it should not be.')
  const real = [PASSWORD, model.key, ...(cluster ? [cluster.token] : [])]
  const environments = JSON.stringify(jobs.map(({ environment }) => environment))
  check(
    [...real, ...github.minted].every((secret) => !environments.includes(secret)),
    'neither passwords and keys of targets nor what proves who the job is were in a job’s environment, though the CI step had them',
  )
  const ours = jobs.flatMap(({ environment: { PGPASSWORD, OPENAI_API_KEY } }) => [PGPASSWORD!, OPENAI_API_KEY!])
  const files = readdirSync(gateway.data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const bytes = Buffer.concat([...files.map((file) => readFileSync(join(file.parentPath, file.name))), Buffer.from(gateway.log())])
  check(
    [...real, ...ours, EMAIL].every((secret) => !bytes.includes(secret)),
    `neither they nor the jobs’ credentials are in ${files.length} files of the gateway or in its log`,
  )
}
