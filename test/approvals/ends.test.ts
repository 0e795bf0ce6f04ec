import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readTrail } from '../parts/recorded.ts'
import { type Agent, codeOf, type Held, Office, RAN, RULES } from './office.ts'

// What becomes of a request: APR-02, APR-03, APR-04.

const ASKED = 'approval.asked'
const YES = 'approval.decided approve'

interface Ticket {
  readonly agent: Agent
  readonly id: string
}

let office: Office
/** Begun before the first test, as they have to wait. */
let late: Promise<{ readonly code: string; readonly id: string }>
let unused: Promise<Ticket>
let taken: Promise<Ticket>
let over: Promise<Ticket>
const table = (name: string) => `DELETE FROM ledger WHERE said = '${name}'`
beforeAll(async () => {
  // Longer than a TRUNCATE is asked for.
  office = await Office.open({ config: { approvals: { hold: { postgres: '12s' } } } })
  const agent = await office.agent()
  await agent.send('CREATE TABLE ledger (n int, said text); CREATE TABLE spent (n int)')
  await agent.client.end()
  late = (async () => {
    const held = await (await office.agent()).ask('TRUNCATE spent')
    return { code: codeOf(await held.result), id: held.id }
  })()
  const approved = async (text: string) => {
    const asked = await ticket(text)
    await office.approve(asked.id)
    return asked
  }
  unused = approved('TRUNCATE spent, ledger')
  taken = approved(table('taken back'))
  over = approved(table('run over'))
})
afterAll(() => office?.close())

/** It has been told to come back. @param text sent within a transaction, where nobody is held for long */
async function ticket(text: string): Promise<Ticket> {
  const agent = await office.agent()
  await agent.send('BEGIN')
  const { id, result } = await agent.ask(text)
  expect(codeOf(await result)).toBe('GS_APPROVAL_PENDING')
  await agent.send('ROLLBACK')
  return { agent, id }
}

describe('an answer', () => {
  it('of no stays for the run, in every session of it, and asks nobody again', async () => {
    const agent = await office.agent()
    const held = await agent.ask(table('denied'))
    expect(await (await office.person('ada')).decide(held.id, 'deny', 'not on a Friday')).toMatchObject({ status: 200 })
    expect(await held.result).toMatchObject({ code: '42501', severity: 'ERROR', hint: expect.stringContaining('stays denied') })
    for (const again of [agent, await office.agent(agent.job)]) expect(codeOf(await again.send(table('denied')))).toBe('GS_APPROVAL_DENIED')
    expect(codeOf(await agent.send('SELECT 1'))).toBe('it ran')
    expect(await office.story(held.id)).toEqual([ASKED, 'approval.decided deny'])
    const other = await office.agent()
    expect((await other.ask(table('denied'))).id).not.toBe(held.id)
    other.die()
  })

  it('is given by a form of the page, and never by looking at it', async () => {
    const agent = await office.agent()
    const held = await agent.ask(table('<script>alert(1)</script>'))
    const { browser, csrf } = await office.person('ada')
    const page = await browser.get(`/approvals/${held.id}`)
    expect(page.status).toBe(200)
    expect(page.body).toContain('&lt;script&gt;')
    expect(page.body).not.toContain('<script>')
    for (const query of ['?verdict=approve', `?verdict=approve&csrf=${csrf}`]) await browser.get(`/approvals/${held.id}${query}`)
    expect(await office.request(held.id)).toMatchObject({ state: 'pending' })
    expect((await browser.submit(`/approvals/${held.id}`, { verdict: 'approve' })).status).toBe(403)
    await browser.submit(`/approvals/${held.id}`, { csrf, verdict: 'approve', reason: '' })
    expect(codeOf(await held.result)).toBe('it ran')
    expect(await office.story(held.id)).toEqual(RAN)
  })

  it('counts once, however often it is clicked', async () => {
    const agent = await office.agent()
    const held = await agent.ask(table('clicked'))
    const ada = await office.person('ada')
    const clicks = await Promise.all([1, 2, 3].map(() => ada.decide(held.id, 'approve')))
    expect(clicks.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(codeOf(await held.result)).toBe('it ran')
    expect(await ada.decide(held.id, 'approve')).toMatchObject({ status: 200, request: { state: 'used' } })
    expect(await office.story(held.id)).toEqual(RAN)
  })

  it('is the first of two that come at once, where one is enough', async () => {
    const agent = await office.agent()
    const held = await agent.ask(table('raced'))
    const [ada, bob] = await Promise.all([office.person('ada'), office.person('bob')])
    const answers = await Promise.all([ada.decide(held.id, 'approve'), bob.decide(held.id, 'approve')])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    expect(answers.map(({ code }) => code)).toContain('GS_APPROVALS_OVER')
    expect(codeOf(await held.result)).toBe('it ran')
    expect(await office.story(held.id)).toEqual(RAN)
  })

  it('of yes and one of no at once come to one of them, in the trail as for the agent', async () => {
    const [ada, bob] = await Promise.all([office.person('ada'), office.person('bob')])
    for (let round = 0; round < 4; round += 1) {
      const agent = await office.agent()
      const held = await agent.ask(table('disputed'))
      const answers = round % 2 === 0 ? ([ada, bob] as const) : ([bob, ada] as const)
      await Promise.all([answers[0].decide(held.id, 'approve'), answers[1].decide(held.id, 'deny')])
      const came = codeOf(await held.result)
      const { state } = await office.request(held.id)
      expect([came, state]).toEqual(state === 'denied' ? ['GS_APPROVAL_DENIED', 'denied'] : ['it ran', 'used'])
      const story = await office.story(held.id)
      expect(story.includes('operation.intent')).toBe(state === 'used')
    }
  })

  it('of two different persons is needed where a rule says so', async () => {
    const [ada, bob] = await Promise.all([office.person('ada'), office.person('bob')])
    const agent = await office.agent()
    const held = await agent.ask("UPDATE ledger SET said = 'two'")
    await ada.decide(held.id, 'approve')
    await ada.decide(held.id, 'approve')
    expect(await office.request(held.id)).toMatchObject({ state: 'pending', requirements: [{ approvals: 1, needed: 2 }] })
    await bob.decide(held.id, 'approve')
    expect(codeOf(await held.result)).toBe('it ran')
    expect(await office.story(held.id)).toEqual([ASKED, YES, YES, 'approval.used', 'operation.intent'])
    const raced = await agent.ask("UPDATE ledger SET said = 'at once'")
    const answers = await Promise.all([ada.decide(raced.id, 'approve'), bob.decide(raced.id, 'approve')])
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(codeOf(await raced.result)).toBe('it ran')
    expect(await office.story(raced.id)).toEqual([ASKED, YES, YES, 'approval.used', 'operation.intent'])
  })

  it('of yes does not come from who started the run, or may have', async () => {
    const agent = await office.agent()
    const held = await agent.ask(table('own'))
    expect(await (await office.person('eve')).decide(held.id, 'approve')).toMatchObject({ status: 403, code: 'GS_APPROVALS_OWN' })
    expect(await (await office.person('cy')).decide(held.id, 'approve')).toMatchObject({
      status: 403,
      code: 'GS_APPROVALS_NOT_INDEPENDENT',
    })
    expect(await office.request(held.id)).toMatchObject({ state: 'pending', decisions: [] })
    expect((await (await office.person('eve')).decide(held.id, 'deny')).status).toBe(200)
    expect(codeOf(await held.result)).toBe('GS_APPROVAL_DENIED')
    expect(await office.story(held.id)).toEqual([ASKED, 'approval.decided deny'])
  })
})

describe('whoever waits', () => {
  it('withdraws it by a cancel, and goes on', async () => {
    const agent = await office.agent()
    const held = await agent.ask(table('cancelled'))
    agent.cancel()
    expect(await held.result).toMatchObject({ code: '57014' })
    expect(codeOf(await agent.send('SELECT 1'))).toBe('it ran')
    expect(await (await office.person('ada')).decide(held.id, 'approve')).toMatchObject({ status: 409 })
    expect(await office.story(held.id)).toEqual([ASKED, 'approval.ended withdrawn cancelled'])
  })

  it('withdraws it by going away', async () => {
    const agent = await office.agent()
    const held = await agent.ask(table('dead'))
    agent.die()
    await expect.poll(async () => (await office.request(held.id)).state).toBe('withdrawn')
    expect(await (await office.person('ada')).decide(held.id, 'approve')).toMatchObject({ status: 409 })
    expect(await office.story(held.id)).toEqual([ASKED, 'approval.ended withdrawn disconnected'])
  })

  it('is let go where its run is revoked; nothing of it can be approved any more', async () => {
    const agent = await office.agent()
    const held = await agent.ask(table('revoked'))
    const began = performance.now()
    await office.shop.gateway.operator.revokeRun(agent.job.run)
    expect(await held.result).toMatchObject({ code: '57P01' })
    expect(performance.now() - began).toBeLessThan(1_000)
    expect(await (await office.person('ada')).decide(held.id, 'approve')).toMatchObject({ status: 409 })
    expect(await office.story(held.id)).toEqual([ASKED, 'approval.ended withdrawn run-ended'])
  })
})

describe('a ticket', () => {
  it('is nothing any more once nobody has answered in time', async () => {
    const { code, id } = await late
    expect(code).toBe('GS_APPROVAL_EXPIRED')
    expect(await (await office.person('ada')).decide(id, 'approve')).toMatchObject({ code: 'GS_APPROVALS_EXPIRED' })
    expect(await office.story(id)).toEqual([ASKED, 'approval.ended expired'])
  })

  it('can be taken back while it is not used, and then stays denied', async () => {
    const { agent, id } = await taken
    expect((await (await office.person('bob')).revoke(id)).status).toBe(200)
    expect(codeOf(await agent.send(table('taken back')))).toBe('GS_APPROVAL_DENIED')
    expect(await office.story(id)).toEqual([ASKED, YES, 'approval.ended revoked'])
  })

  it('is void with its run', async () => {
    const { agent, id } = await over
    await office.shop.gateway.operator.revokeRun(agent.job.run)
    expect(await office.story(id)).toEqual([ASKED, YES, 'approval.ended void run-ended'])
  })

  it('asks anew where what was approved was not used in time', async () => {
    const { agent, id } = await unused
    await expect.poll(async () => (await office.request(id)).state, { timeout: 12_000, interval: 200 }).toBe('expired')
    const again = await agent.ask('TRUNCATE spent, ledger')
    expect(again.id).not.toBe(id)
    agent.die()
    expect(await office.story(id)).toEqual([ASKED, YES, 'approval.ended expired'])
  })
})

describe('when the gateway stops', () => {
  let agent: Agent
  let kept: string

  it('who waits is told to come back, and what was asked for survives', async () => {
    agent = await office.agent()
    const held = await agent.ask(table('stopped'))
    kept = held.id
    const stopping = office.again('stop')
    expect(codeOf(await held.result)).toBe('GS_APPROVAL_PENDING')
    await stopping
    expect(await office.request(kept)).toMatchObject({ state: 'pending', mode: 'ticket' })
  })

  it('and what was approved too, if it is killed; who waited then is gone', async () => {
    const other = await office.agent()
    const held = await other.ask(table('killed'))
    await office.approve(kept)
    await office.again('kill9')
    expect(await held.result).toBeInstanceOf(Error)
    expect(await office.request(held.id)).toMatchObject({ state: 'withdrawn', why: 'interrupted' })
    expect(await office.story(held.id)).toEqual([ASKED, 'approval.ended withdrawn interrupted'])
    expect(await (await office.person('ada')).decide(held.id, 'approve')).toMatchObject({ status: 409 })
    const back = await office.agent(agent.job)
    expect(codeOf(await back.send(table('stopped')))).toBe('it ran')
    expect(await office.story(kept)).toEqual(RAN)
    await office.again('kill9')
    const replayed = await (await office.agent(agent.job)).ask(table('stopped'))
    expect(replayed.id).not.toBe(kept)
  })
})

describe('when the rules change', () => {
  it('nothing that waits or was approved under the old ones holds', async () => {
    const { agent, id } = await ticket(table('approved'))
    await office.approve(id)
    const waiting: Held = await (await office.agent()).ask(table('waiting'))
    await office.shop.gateway.reconfigure({ rules: RULES.filter(({ name }) => name !== 'two-for-updates') })
    expect(codeOf(await waiting.result)).toBe('GS_APPROVAL_VOID')
    expect(await office.story(waiting.id)).toEqual([ASKED, 'approval.ended withdrawn changed'])
    expect(await office.story(id)).toEqual([ASKED, YES, 'approval.ended void changed'])
    const again = await agent.ask(table('approved'))
    expect(again.id).not.toBe(id)
    agent.die()
  })

  it('a person whose account is not known may count for less, with one more', async () => {
    const change = { approvals: { hold: { postgres: '12s' }, unlinkedLauncher: 'extra' } }
    await office.shop.gateway.reconfigure(change as never)
    const agent = await office.agent()
    const held = await agent.ask(table('unlinked'))
    expect((await (await office.person('cy')).decide(held.id, 'approve')).status).toBe(200)
    expect(await office.request(held.id)).toMatchObject({ state: 'pending', requirements: [{ approvals: 1, needed: 2 }] })
    expect(await (await office.person('eve')).decide(held.id, 'approve')).toMatchObject({ code: 'GS_APPROVALS_OWN' })
    await office.approve(held.id)
    expect(codeOf(await held.result)).toBe('it ran')
    const decided = (await readTrail(office.shop.gateway.operator)).filter(
      ({ kind, fields }) => kind === 'approval.decided' && fields.approval === held.id,
    )
    expect(decided.map(({ fields }) => fields.independence)).toEqual(['unproven', 'proven'])
  })

  it('has left a log that verifies', async () => {
    expect(await office.verify()).toMatch(/verified\n$/)
  })
})
