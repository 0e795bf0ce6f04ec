// npm run demo            what Gatescribe does, shown on real parts, in under 30 s; exit code 0 only if all is as told
// npm run demo -- --keep  leaves everything running afterwards and prints a psql line to try
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import '../parts/quiet-issuer.ts'
import { ask, askModel, end, kill, kubectl, mask, read, refuse } from './acts.ts'
import { lookForSecrets, replay, showTrail, verify } from './proof.ts'
import { type Stage, setStage, startJob } from './stage.ts'
import { say, step } from './told.ts'
import { DemoError } from './voice.ts'

const closing: (() => Promise<unknown>)[] = []
const began = performance.now()

try {
  const stage = await setStage(closing)
  step('A job starts, as a step of its CI. gatescribe run exchanges its token for credentials that are good for this run, at this gateway.')
  const first = await startJob(stage, 1)
  closing.push(() => first.job.end())
  await read(stage, first)
  await refuse(stage, first)
  await ask(stage, first)
  await mask(stage, first)
  await askModel(stage, first)
  await kubectl(stage, first)
  await end(stage, first)
  step('Another job asks for something long, and its run is revoked meanwhile.')
  const second = await startJob(stage, 2)
  closing.push(() => second.job.end())
  await kill(stage, second)
  await showTrail(stage)
  replay(stage, first)
  await verify(stage, first)
  lookForSecrets(stage, [first, second])
  say(`\n   As told, in ${((performance.now() - began) / 1_000).toFixed(1)} s.`)
  if (process.argv.includes('--keep')) await keep(stage)
} catch (error) {
  console.error(error instanceof DemoError ? `\n${error.message}` : error)
  process.exitCode = 1
} finally {
  for (const close of closing.reverse()) await close()
}

async function keep({ gateway, issuer }: Stage): Promise<void> {
  step('Everything stays. Try it, and end it with Ctrl-C:')
  const { run, password } = await gateway.credential()
  const ca = join(gateway.folder, 'ca.pem')
  writeFileSync(ca, gateway.ca)
  say(
    `PGPASSWORD=${password} psql "host=localhost hostaddr=127.0.0.1 port=${gateway.port} user=${run} dbname=orders sslmode=verify-full sslrootcert=${ca}"`,
  )
  say(`bin/gatescribe.js trail tail -c ${gateway.configPath}`)
  say(`(tokens come from ${issuer.url})`)
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
}
