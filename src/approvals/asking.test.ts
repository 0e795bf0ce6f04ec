import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ApprovalHouse, effectiveOf, personOf, termsOf } from '../../test/parts/approvals.ts'
import { Refusal } from '../operations/index.ts'

const MINUTE = 60_000
const DELETE = 'DELETE FROM orders WHERE id = 7'
const bob = personOf('bob')

let house: ApprovalHouse
beforeEach(async () => {
  house = await new ApprovalHouse().open()
})
afterEach(async () => {
  await house.close()
  await house.remove()
})

describe('asking', () => {
  it('is recorded before anybody sees the request: what is asked for is a payload, and nothing of it stands in clear', async () => {
    const run = await house.run()
    const asking = house.ask(run, DELETE, { claimed: { message: 'cleaning up with postgres://me:hunter2@orders' } })
    expect(house.approvals.list()).toEqual([])
    const asked = await asking
    expect(asked).toMatchObject({ state: 'pending', link: `https://gw.example/approvals/${asked.id}` })
    const [entry] = await house.entries()
    expect(entry?.fields).toEqual({
      approval: asked.id,
      run: 'run_a',
      session: house.sessionOf(run).live.id,
      resource: 'orders-db',
      protocol: 'postgres',
      policy: 'sha256:policy-1',
      needs: [{ rule: 'ask-first', count: 1 }],
      for: 15 * MINUTE,
      stream: false,
      mode: 'hold',
    })
    expect(entry?.payloads().map(({ name, content }) => [name, Buffer.from(content ?? []).toString()])).toEqual([
      ['card', expect.stringContaining('search_path')],
      ['claim', expect.stringMatching(/^cleaning up with .*redacted/)],
      ['part.1', DELETE],
    ])
    expect(Buffer.from(entry?.bytes ?? []).toString()).not.toMatch(/DELETE|cleaning|sre|search_path/)
    expect(house.at.bytesOnDisk().includes(DELETE)).toBe(false)
    expect(house.approvals.list()).toMatchObject([
      { id: asked.id, state: 'pending', run: 'run_a', requirements: [{ approvals: 0, needed: 1 }] },
    ])
  })

  it('records what the guard made harmless, and shows approvers the exact bytes for as long as they can decide', async () => {
    const run = await house.run()
    const exact = "ALTER ROLE app PASSWORD 'hunter2'"
    const redacted = [{ label: 'statement', content: Buffer.from("ALTER ROLE app PASSWORD '[redacted]'") }]
    const asked = await house.ask(run, exact, { redacted, taken: [['part.1', 'password', 1]] })
    expect((await house.entries())[0]?.fields.redacted).toEqual([['part.1', 'password', 1]])
    const text = async () => Buffer.from((await house.approvals.view(asked.id))?.content?.effective.parts[0]?.content ?? []).toString()
    expect(await text()).toBe(exact)
    await house.approvals.decide(asked.id, bob, 'deny', 'cli')
    expect(await text()).toBe(redacted[0]?.content.toString())
    expect(house.at.bytesOnDisk().includes('hunter2')).toBe(false)
  })

  it('shows nobody what the protocol knows nobody may see, while what is approved are the exact bytes', async () => {
    const run = await house.run()
    const part = (content: string, recorded: string) => ({
      label: 'request',
      content: Buffer.from(content),
      recorded: Buffer.from(recorded),
    })
    const effective = effectiveOf('', { parts: [part('p: hunter2', 'p: [redacted]')] })
    const asked = await house.ask(run, '', { effective })
    const shown = (await house.approvals.view(asked.id))?.content?.effective.parts[0]?.content ?? []
    expect(Buffer.from(shown).toString()).toBe('p: [redacted]')
    const other = await house.ask(run, '', { effective: effectiveOf('', { parts: [part('p: hunter3', 'p: [redacted]')] }) })
    expect(other.id).not.toBe(asked.id)
  })

  it('for the same again is the same request, whichever session of the run asks, and counts once', async () => {
    const run = await house.run()
    const [first, second, third] = [await house.ask(run, DELETE), await house.ask(run, DELETE), await house.ask(run, DELETE, {}, 'ticket')]
    expect([second.id, third.id]).toEqual([first.id, first.id])
    expect(await house.story()).toEqual(['asked'])
    for (let other = 0; other < 9; other++) await house.ask(run, `DELETE FROM orders WHERE id = 1${other}`)
    await expect(house.ask(run, 'DELETE FROM orders')).rejects.toMatchObject({ code: 'GS_RUN_SUSPENDED' })
  })

  it('by two sessions at the same moment makes one request', async () => {
    const run = await house.run()
    const [first, second] = await Promise.all([house.ask(run, DELETE), house.ask(run, DELETE)])
    expect(second.id).toBe(first.id)
    expect(await house.story()).toEqual(['asked'])
  })

  it('by another run, for another byte or in another state of the session is another request', async () => {
    const run = await house.run()
    const ids = [
      await house.ask(run, DELETE),
      await house.ask(run, `${DELETE} `),
      await house.ask(run, DELETE, { effective: effectiveOf(DELETE, { session: { search_path: 'evil' } }) }),
      await house.ask(await house.run('run_b'), DELETE),
    ].map(({ id }) => id)
    expect(new Set(ids).size).toBe(4)
  })

  it('of more than a person reads is refused, and asks nobody', async () => {
    const run = await house.run()
    await expect(house.ask(run, 'x'.repeat(4 * 1024 * 1024 + 1))).rejects.toMatchObject({ code: 'GS_LIMIT_EXCEEDED' })
    const parts = Array.from({ length: 257 }, () => ({ label: 'statement', content: Buffer.from('SELECT 1') }))
    await expect(house.ask(run, DELETE, { effective: effectiveOf('', { parts }) })).rejects.toMatchObject({ code: 'GS_LIMIT_EXCEEDED' })
    expect(await house.story()).toEqual([])
  })

  it('of a run that is over is refused', async () => {
    const run = await house.run()
    house.runs.revoke(run.id, 'local-operator')
    await expect(house.ask(run, DELETE)).rejects.toMatchObject({ code: 'GS_RUN_ENDED' })
  })
})

describe('a hold', () => {
  it('is answered as soon as a person decides', async () => {
    const run = await house.run()
    const asked = await house.ask(run, DELETE)
    await house.approvals.decide(asked.id, bob, 'approve', 'cli')
    const grant = await asked.decided
    expect(grant).toMatchObject({ id: asked.id, usableUntil: house.now + 15 * MINUTE })
    expect(await house.story()).toEqual(['asked', 'decided approve'])
  })

  it.each(['cancelled', 'disconnected', 'session-ended'] as const)('is withdrawn when the last who waits has %s', async (why) => {
    const run = await house.run()
    const [first, second] = [await house.ask(run, DELETE), await house.ask(run, DELETE)]
    first.leave(why)
    first.leave(why)
    expect(second.state).toBe('pending')
    second.leave(why)
    expect(second.state).toBe('withdrawn')
    expect(await second.decided).toBeInstanceOf(Refusal)
    await expect(house.approvals.decide(second.id, bob, 'approve', 'cli')).rejects.toMatchObject({ code: 'GS_APPROVALS_OVER' })
    expect(await house.story()).toEqual(['asked', `ended withdrawn ${why}`])
  })

  it('leaves nothing that can be used when who waits goes between the yes and the use', async () => {
    const run = await house.run()
    const asked = await house.ask(run, DELETE)
    await house.approvals.decide(asked.id, bob, 'approve', 'cli')
    const grant = await asked.decided
    asked.leave('disconnected')
    if (grant instanceof Refusal) throw grant
    expect(await house.spend(run, DELETE, grant)).toMatchObject({ code: 'GS_APPROVAL_WITHDRAWN', ticket: asked.id })
    expect(await house.story()).toEqual(['asked', 'decided approve', 'ended void disconnected'])
  })

  it('goes on as a ticket once nobody can wait any longer, and tells how to come back', async () => {
    const run = await house.run()
    const asked = await house.ask(run, DELETE)
    const refusal = asked.becomeTicket()
    expect(refusal).toMatchObject({ code: 'GS_APPROVAL_PENDING', ticket: asked.id, rule: 'ask-first' })
    expect(`${refusal.message} ${refusal.next}`).toContain(asked.link)
    expect(refusal.next).toContain('do not rephrase')
    asked.leave('disconnected')
    expect(house.approvals.list()).toMatchObject([{ id: asked.id, state: 'pending', mode: 'ticket' }])
  })
})

describe('a ticket', () => {
  it('is good for the identical operation, once, from whichever session', async () => {
    const run = await house.run()
    const asked = await house.ask(run, DELETE, {}, 'ticket')
    expect(asked.becomeTicket()).toMatchObject({ code: 'GS_APPROVAL_PENDING' })
    await house.approvals.decide(asked.id, bob, 'approve', 'cli')
    const again = await house.ask(run, DELETE, {}, 'ticket')
    expect(again).toMatchObject({ id: asked.id, state: 'approved' })
    const grant = await again.decided
    if (grant instanceof Refusal) throw grant
    expect(await house.spend(run, DELETE, grant)).toBeUndefined()
    expect((await house.ask(run, DELETE, {}, 'ticket')).id).not.toBe(asked.id)
    expect(await house.story()).toEqual(['asked', 'decided approve', 'used', 'asked'])
  })

  it('that was denied stays denied for this run, however often and in whatever session it is asked', async () => {
    const run = await house.run()
    const asked = await house.ask(run, DELETE, {}, 'ticket')
    await house.approvals.decide(asked.id, bob, 'deny', 'cli')
    for (const mode of ['hold', 'ticket'] as const)
      await expect(house.ask(run, DELETE, {}, mode)).rejects.toMatchObject({ code: 'GS_APPROVAL_DENIED', ticket: asked.id })
    expect((await house.ask(await house.run('run_b'), DELETE)).state).toBe('pending')
  })

  it('that nobody decided is asked anew', async () => {
    const run = await house.run()
    const asked = await house.ask(run, DELETE, { terms: termsOf({ for: 1_000 }) }, 'ticket')
    house.now += 1_000
    const again = await house.ask(run, DELETE, { terms: termsOf({ for: 1_000 }) }, 'ticket')
    expect(again.id).not.toBe(asked.id)
    expect(await house.story()).toEqual(['asked', 'ended expired', 'asked'])
  })
})

describe('a change of the policy', () => {
  it('withdraws what waits and voids what was approved, and the same may be asked anew', async () => {
    const run = await house.run()
    const [waits, approved] = [await house.ask(run, DELETE), await house.ask(run, 'DROP TABLE orders')]
    await house.approvals.decide(approved.id, bob, 'approve', 'cli')
    house.approvals.usePolicy('sha256:policy-2', 'sha256:people-1')
    expect(await waits.decided).toMatchObject({ code: 'GS_APPROVAL_VOID' })
    expect([waits.state, approved.state]).toEqual(['withdrawn', 'void'])
    await expect(house.ask(run, DELETE)).rejects.toMatchObject({ code: 'GS_APPROVAL_VOID' })
    expect((await house.ask(run, DELETE, { policy: 'sha256:policy-2' })).id).not.toBe(waits.id)
    expect(await house.story()).toEqual(['asked', 'asked', 'decided approve', 'ended withdrawn changed', 'ended void changed', 'asked'])
  })
})

describe('the end of a run', () => {
  it('ends its requests, in entries before its own end', async () => {
    const run = await house.run()
    const other = await house.ask(await house.run('run_b'), DELETE)
    const asked = await house.ask(run, DELETE, {}, 'ticket')
    await house.leave(run)
    house.runs.revoke(run.id, 'local-operator')
    expect(await asked.decided).toMatchObject({ code: 'GS_RUN_ENDED' })
    await house.runs.recorded(2_000)
    const kinds = (await house.at.entries()).filter(({ fields }) => fields.run === run.id).map(({ kind }) => kind)
    expect(new Set(kinds.slice(-3))).toEqual(new Set(['run.revoked', 'approval.ended', 'run.end']))
    expect(kinds.at(-1)).toBe('run.end')
    expect(other.state).toBe('pending')
  })
})

describe('who listens', () => {
  it('is told of every change once, with the state that it left', async () => {
    const seen: string[] = []
    const stop = house.approvals.onChange(({ state, mode }) => void seen.push(`${state} ${mode}`))
    const run = await house.run()
    const asked = await house.ask(run, DELETE)
    asked.becomeTicket()
    await house.approvals.decide(asked.id, bob, 'approve', 'cli')
    const again = await house.ask(run, DELETE)
    const grant = await again.decided
    if (grant instanceof Refusal) throw grant
    await house.spend(run, DELETE, grant)
    stop()
    await house.ask(run, 'DELETE FROM orders')
    expect(seen).toEqual(['pending hold', 'pending ticket', 'approved ticket', 'used ticket'])
  })
})

describe('the list', () => {
  it('has the newest first, by state and run, page by page', async () => {
    const run = await house.run()
    const ids: string[] = []
    for (let at = 0; at < 5; at++) ids.unshift((await house.ask(run, `DELETE FROM t${at}`)).id)
    await house.approvals.decide(ids[1] as `apr_${string}`, bob, 'deny', 'cli')
    const first = house.approvals.list({ limit: 2 })
    expect(first.map(({ id }) => id)).toEqual(ids.slice(0, 2))
    expect(house.approvals.list({ before: first[1]?.id as `apr_${string}` }).map(({ id }) => id)).toEqual(ids.slice(2))
    expect(house.approvals.list({ states: ['denied'] }).map(({ id }) => id)).toEqual([ids[1]])
    expect(house.approvals.list({ states: ['pending'], run: 'run_b' })).toEqual([])
  })
})
