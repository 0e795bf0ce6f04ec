import { afterEach, beforeEach, expect, it } from 'vitest'
import { ApprovalHouse, personOf } from '../../test/parts/approvals.ts'
import { Refusal } from '../operations/index.ts'
import { checkSemantics } from '../verify/semantics.ts'

const bob = personOf('bob')

let house: ApprovalHouse
beforeEach(async () => {
  house = await new ApprovalHouse().open()
})
afterEach(async () => {
  await house.close()
  await house.remove()
})

/** What the verifier says of the whole log. @throws where something in it cannot be */
async function verified(): Promise<string> {
  const check = checkSemantics('all')
  check.next()
  for (const { index, bytes } of await house.at.entries()) check.next([index, JSON.parse(Buffer.from(bytes).toString())])
  const { value } = check.next()
  return value ?? ''
}

it('leaves a log that the verifier agrees with: every entry of a request lies within its run, which counts it', async () => {
  const run = await house.run()
  const [used, denied, waits] = [
    await house.ask(run, 'DELETE FROM a'),
    await house.ask(run, 'DELETE FROM b'),
    await house.ask(run, 'c', {}, 'ticket'),
  ]
  await house.approvals.decide(used.id, bob, 'approve', 'cli')
  const grant = await used.decided
  if (grant instanceof Refusal) throw grant
  await house.spend(run, 'DELETE FROM a', grant)
  await house.approvals.decide(denied.id, bob, 'deny', 'cli')
  await house.ask(run, 'held')
  // Decided when no session of the run is open any more; then the run ends.
  await house.leave(run)
  await house.approvals.decide(waits.id, bob, 'approve', 'cli')
  house.runs.end(run.id)
  await house.runs.recorded(2_000)

  const crashed = await house.run('run_b')
  await house.ask(crashed, 'DELETE FROM a')
  const ticket = await house.ask(crashed, 'DELETE FROM b', {}, 'ticket')
  await house.story()
  await house.crash()
  await house.open()
  await house.approvals.decide(ticket.id, bob, 'approve', 'cli')
  house.runs.revoke(crashed.id, 'local-operator')
  await house.runs.recorded(2_000)

  expect(await house.story()).toEqual([
    ...['asked', 'asked', 'asked', 'decided approve', 'used', 'decided deny', 'asked', 'decided approve'],
    ...['ended void run-ended', 'ended withdrawn run-ended'],
    ...['asked', 'asked', 'ended withdrawn interrupted', 'decided approve', 'ended void run-ended'],
  ])
  expect(await verified()).toContain('2 runs')
  const ends = (await house.at.entries()).filter(({ kind }) => kind === 'run.end')
  expect(ends.map(({ index, fields }) => (fields.last as number) < index)).toEqual([true, true])
})
