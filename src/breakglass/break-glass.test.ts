import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { personOf } from '../../test/parts/approvals.ts'
import { GlassHouse } from '../../test/parts/broken-glass.ts'
import type { ApprovingPerson } from '../approvals/index.ts'
import type { BreakGlassAsked } from './index.ts'

const MINUTE = 60_000

let house: GlassHouse
beforeEach(async () => {
  house = await new GlassHouse().open()
})
afterEach(() => house.remove())

const [ada, bob, cy] = [personOf('ada', { accounts: {} }), personOf('bob', { accounts: {} }), personOf('cy', { accounts: {} })]
const code = (name: string) => expect.objectContaining({ code: `GS_BREAKGLASS_${name}` })
const ask = (person: ApprovingPerson = ada, more: Partial<BreakGlassAsked> = {}) =>
  house.glass.request({ resources: ['orders-db'], reason: 'orders are stuck', minutes: 30, ...more }, person)
async function opened(person: ApprovingPerson = ada, more: Partial<BreakGlassAsked> = {}): Promise<string> {
  const { id } = await ask(person, more)
  await house.glass.confirm(id, bob)
  return id
}
const stateOf = (id: string) => house.glass.list().find((view) => view.id === id)?.state
const pseudonym = ({ person }: ApprovingPerson) => house.trail.pseudonym(person.issuer, person.subject)

describe('what one person asks for', () => {
  it('is open once another confirms it, for that person only, on those resources only, until it is over', async () => {
    const { id, state } = await ask()
    expect([state, house.covered('ada')]).toEqual(['requested', []])
    const view = await house.glass.confirm(id, bob)
    expect(view).toMatchObject({ state: 'open', by: pseudonym(ada), confirmedBy: pseudonym(bob), until: house.now + 30 * MINUTE })
    expect(house.covered('ada')).toEqual(['orders-db'])
    expect([house.covered('bob'), house.covered('ada', 'job'), house.covered('ada', 'person', 'entra')]).toEqual([[], [], []])
    // Who signs in again, and is not of those who may any more.
    expect([house.covered('ada', 'person', 'okta', []), house.covered('ada', 'person', 'okta', ['okta/dev'])]).toEqual([[], []])
    house.now += 30 * MINUTE - 1
    expect(house.covered('ada')).toEqual(['orders-db'])
    house.now += 1
    expect(house.covered('ada')).toEqual([])
    expect(stateOf(id)).toBe('closed')
    expect(house.cut).toEqual([{ id, why: 'expired' }])
  })

  it('ends by itself when its time is over, though nobody looks', async () => {
    const id = await opened(ada, { minutes: 1 })
    house.now += MINUTE - 100
    await house.again()
    house.now += 100
    await expect.poll(() => house.cut, { timeout: 2_000, interval: 10 }).toEqual([{ id, why: 'expired' }])
  })

  it('ends within a second of a clock that was set forward, and in its time where it was set back', async () => {
    const id = await opened()
    house.now += 30 * MINUTE
    await expect.poll(() => house.cut, { timeout: 1_000, interval: 10 }).toEqual([{ id, why: 'expired' }])
    const next = await opened(ada, { minutes: 1 })
    house.now += MINUTE - 100
    await house.again()
    house.now -= 60 * MINUTE
    await expect.poll(() => house.cut.at(-1), { timeout: 1_100, interval: 10 }).toEqual({ id: next, why: 'expired' })
    expect(house.covered('ada')).toEqual([])
  })

  it('is on record at every step, with whom it is for and never with a name or a reason in clear', async () => {
    const id = await opened()
    await house.glass.close(id, ada, 'orders flow again')
    await house.glass.review(id, cy, 'one row was changed, as ticket 4711 says')
    const entries = await house.entries()
    expect(entries.map(({ kind }) => kind)).toEqual(['requested', 'opened', 'closed', 'reviewed'].map((step) => `breakglass.${step}`))
    for (const { fields } of entries)
      expect(fields).toMatchObject({ breakGlass: id, who: { pseudonym: pseudonym(ada), kind: 'person' }, resources: ['orders-db'] })
    expect(entries[1]!.fields).toMatchObject({ minutes: 30, confirmedBy: { pseudonym: pseudonym(bob) } })
    expect(entries[2]!.fields).toMatchObject({ why: 'closed', by: pseudonym(ada) })
    expect(entries[3]!.fields).toMatchObject({ reviewedBy: { pseudonym: pseudonym(cy) } })
    expect(JSON.stringify(entries.map(({ fields }) => fields))).not.toMatch(/stuck|flow again|4711|of okta/)
    expect(await house.glass.show(id, 'local-operator', async () => undefined)).toMatchObject({
      ...{ state: 'reviewed', reason: 'orders are stuck', note: 'one row was changed, as ticket 4711 says' },
      ...{ asker: { displayName: 'ada of okta' }, confirmer: { displayName: 'bob of okta' }, reviewer: { displayName: 'cy of okta' } },
    })
    expect(house.told.map(({ state }) => state)).toEqual(['requested', 'open', 'closed', 'reviewed'])
    expect(house.at.bytesOnDisk().includes('stuck')).toBe(false)
  })

  it('keeps no secret that somebody put into the reason', async () => {
    const { id } = await ask(ada, { reason: 'password=hunter2hunter2 does not work' })
    expect((await house.glass.show(id, ada, async () => undefined)).reason).not.toContain('hunter2hunter2')
  })

  it.each<[string, Partial<BreakGlassAsked>, string]>([
    ['no resource', { resources: [] }, 'RESOURCE'],
    ['a resource that it is not configured for', { resources: ['orders-db', 'other-db'] }, 'RESOURCE'],
    ['a resource twice', { resources: ['orders-db', 'orders-db'] }, 'RESOURCE'],
    ['more than an hour', { minutes: 61 }, 'TOO_LONG'],
    ['no time', { minutes: 0 }, 'TOO_LONG'],
    ['a broken number of minutes', { minutes: 1.5 }, 'TOO_LONG'],
  ])('is refused for %s', async (_, more, expected) => {
    await expect(ask(ada, more)).rejects.toEqual(code(expected))
    expect(await house.entries()).toEqual([])
  })

  it('is refused for longer than configured, to whom the configuration does not name, and where there is none', async () => {
    house.settings = { ...house.settings!, longest: 10 * MINUTE }
    await expect(ask(ada, { minutes: 11 })).rejects.toEqual(code('TOO_LONG'))
    await expect(ask(personOf('dee', { groups: ['okta/dev'] }))).rejects.toEqual(code('NOT_YOURS'))
    house.settings = undefined
    await expect(ask()).rejects.toEqual(code('NOT_AVAILABLE'))
  })

  it('waits once for each person, by a linked account too, and for twenty in all', async () => {
    const { id } = await ask()
    await expect(ask()).rejects.toThrow(id)
    await expect(
      ask(personOf('77', { person: { kind: 'person', issuer: 'entra', subject: '77', groups: ['okta/sre'] }, accounts: { okta: 'ada' } })),
    ).rejects.toEqual(code('ASKED'))
    const twice = await Promise.allSettled([ask(bob), ask(bob)])
    expect(twice.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    for (let n = 2; n < 20; n++) await ask(personOf(`p${n}`))
    await expect(ask(personOf('p20'))).rejects.toEqual(code('TOO_MANY'))
    house.now += 15 * MINUTE
    expect(stateOf(id)).toBe('expired')
    expect((await ask()).state).toBe('requested')
    expect(await house.kinds()).toContain('breakglass.ended expired expired')
  })
})

describe('names and reasons', () => {
  it('are for whoever asked, could confirm it, or has a role; that they are shown is recorded first', async () => {
    const { id } = await ask()
    const looked: string[] = []
    const show = (viewer: ApprovingPerson | string) => house.glass.show(id, viewer, async () => void looked.push('looked'))
    const member = (name: string, group: string) => personOf(name, { groups: [group], roles: new Set(['member']) })
    await expect(show(member('dee', 'okta/dev'))).rejects.toEqual(code('NOT_YOURS'))
    expect(looked).toEqual([])
    const auditor = personOf('aud', { groups: [], roles: new Set(['auditor']) })
    for (const viewer of [member('ada', 'okta/sre'), auditor, bob, 'local-operator'])
      expect((await show(viewer)).reason).toBe('orders are stuck')
    house.settings = { ...house.settings!, confirm: { groups: ['okta/leads'] } }
    expect((await show(member('lea', 'okta/leads'))).asker?.displayName).toBe('ada of okta')
    expect(looked).toHaveLength(5)
    const unrecorded = house.glass.show(id, bob, () => Promise.reject(new Error('the disk is full')))
    await expect(unrecorded).rejects.toThrow('the disk is full')
  })
})

describe('the second person', () => {
  it.each<[string, ApprovingPerson, string]>([
    ['the same', ada, 'SAME_PERSON'],
    ['the same, spelled otherwise', personOf('ADA', { accounts: {} }), 'SAME_PERSON'],
    [
      'the same by an account at another issuer that is linked',
      personOf('77', { person: { kind: 'person', issuer: 'entra', subject: '77', groups: [] }, accounts: { okta: 'ada' } }),
      'SAME_PERSON',
    ],
    [
      'of another issuer, where nobody knows who it is here',
      personOf('78', { person: { kind: 'person', issuer: 'entra', subject: '78', groups: [] }, accounts: {} }),
      'NOT_INDEPENDENT',
    ],
    ['without a role', personOf('dee', { roles: new Set(['member']) }), 'NOT_YOURS'],
    ['an auditor only', personOf('dee', { roles: new Set(['auditor', 'member']) }), 'NOT_YOURS'],
  ])('is not %s', async (_, other, expected) => {
    const { id } = await ask()
    await expect(house.glass.confirm(id, other)).rejects.toEqual(code(expected))
    expect([stateOf(id), house.covered('ada'), await house.kinds()]).toEqual(['requested', [], ['breakglass.requested']])
  })

  it('is one of another issuer whose account here is another', async () => {
    const { id } = await ask()
    const linked = personOf('78', { person: { kind: 'person', issuer: 'entra', subject: '78', groups: [] }, accounts: { okta: 'eve' } })
    expect((await house.glass.confirm(id, linked)).state).toBe('open')
  })

  it('is of the groups that the configuration names, where it names some', async () => {
    house.settings = { ...house.settings!, confirm: { groups: ['okta/leads'] } }
    const { id } = await ask()
    await expect(house.glass.confirm(id, bob)).rejects.toEqual(code('NOT_YOURS'))
    const lead = personOf('lea', { groups: ['okta/leads'], roles: new Set(['member']) })
    expect((await house.glass.confirm(id, lead)).state).toBe('open')
  })

  it('comes in time, and once', async () => {
    const { id } = await ask()
    const both = await Promise.allSettled([house.glass.confirm(id, bob), house.glass.confirm(id, cy)])
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect((await house.kinds()).filter((kind) => kind === 'breakglass.opened')).toHaveLength(1)
    const late = await ask(cy)
    house.now += 15 * MINUTE
    await expect(house.glass.confirm(late.id, bob)).rejects.toEqual(code('OVER'))
    await expect(house.glass.confirm('bgl_00', bob)).rejects.toEqual(code('UNKNOWN'))
  })

  it('opens nothing that was closed, or whose person was revoked, while it went to the disk', async () => {
    const first = await ask()
    const confirming = house.glass.confirm(first.id, bob)
    await house.glass.close(first.id, ada, undefined)
    await expect(confirming).rejects.toEqual(code('OVER'))
    const second = await ask(cy)
    const again = house.glass.confirm(second.id, bob)
    house.revoked.add('cy')
    house.glass.personsRevoked('somebody')
    await expect(again).rejects.toEqual(code('OVER'))
    expect([house.covered('ada'), house.covered('cy')]).toEqual([[], []])
    expect((await house.kinds()).filter((kind) => kind !== 'breakglass.requested')).toEqual([
      'breakglass.opened',
      'breakglass.closed closed',
      'breakglass.opened',
      'breakglass.closed person-revoked',
    ])
  })
})

describe('a store that takes nothing', () => {
  it('leaves nothing that was asked for: whoever asked asks again', async () => {
    const asking = ask()
    house.isFull = true
    await expect(asking).rejects.toThrow('the disk is full')
    house.isFull = false
    expect((await ask()).state).toBe('requested')
    expect(await house.kinds()).toEqual(['breakglass.requested', 'breakglass.ended withdrawn interrupted', 'breakglass.requested'])
  })

  it('leaves what waits as it was, and it can be confirmed later', async () => {
    const { id } = await ask()
    house.isFull = true
    await expect(house.glass.confirm(id, bob)).rejects.toThrow('the disk is full')
    expect([stateOf(id), house.covered('ada')]).toEqual(['requested', []])
    house.isFull = false
    expect((await house.glass.confirm(id, bob)).state).toBe('open')
  })

  it('ends at once what is on record as opened, and it is not opened a second time', async () => {
    const { id } = await ask()
    const confirming = house.glass.confirm(id, bob)
    house.isFull = true
    await expect(confirming).rejects.toThrow('the disk is full')
    house.isFull = false
    await expect(house.glass.confirm(id, bob)).rejects.toEqual(code('OVER'))
    expect(house.covered('ada')).toEqual([])
    await expect.poll(() => stateOf(id), { timeout: 3_000 }).toBe('closed')
    expect((await house.kinds()).slice(1)).toEqual(['breakglass.opened', 'breakglass.closed interrupted'])
  })
})

describe('a close', () => {
  it('is for whoever it is for, for whoever has the role, and for the operator of the machine', async () => {
    for (const by of [ada, personOf('kim', { groups: [], roles: new Set(['admin']) }), 'local-operator']) {
      const id = await opened()
      const stranger = personOf('dee', { groups: [], roles: new Set(['member', 'auditor']) })
      await expect(house.glass.close(id, stranger, undefined)).rejects.toEqual(code('NOT_YOURS'))
      expect((await house.glass.close(id, by, 'enough')).why).toBe('closed')
      expect(house.covered('ada')).toEqual([])
      await expect(house.glass.close(id, by, undefined)).rejects.toEqual(code('OVER'))
    }
    expect(house.cut.map(({ why }) => why)).toEqual(['closed', 'closed', 'closed'])
  })

  it('withdraws what waits, or denies it, by whoever does it', async () => {
    const own = await ask()
    expect(await house.glass.close(own.id, ada, undefined)).toMatchObject({ state: 'withdrawn' })
    const other = await ask()
    expect(await house.glass.close(other.id, bob, 'there is a runbook')).toMatchObject({ state: 'denied', endedBy: pseudonym(bob) })
    await expect(house.glass.confirm(other.id, cy)).rejects.toEqual(code('OVER'))
    expect((await house.kinds()).filter((kind) => kind.includes('ended'))).toEqual([
      'breakglass.ended withdrawn closed',
      'breakglass.ended denied closed',
    ])
    expect(house.cut).toEqual([])
  })

  it('holds although it cannot be kept at once', async () => {
    const id = await opened()
    house.isFull = true
    await house.glass.close(id, ada, undefined)
    expect(house.covered('ada')).toEqual([])
    house.isFull = false
    await expect.poll(() => stateOf(id), { timeout: 3_000 }).toBe('closed')
  })

  it('comes with the revocation of either person, and with another configuration', async () => {
    const first = await opened()
    house.revoked.add('bob')
    house.glass.personsRevoked('kim')
    expect(house.told.at(-1)).toMatchObject({ id: first, state: 'closed', why: 'person-revoked', endedBy: 'kim' })
    house.revoked.clear()
    const second = await opened(ada, { resources: ['users-db', 'orders-db'] })
    house.settings = { ...house.settings!, longest: MINUTE }
    house.glass.useSettings()
    expect(house.covered('ada')).toEqual(['orders-db', 'users-db'])
    house.resources = ['orders-db']
    house.glass.useSettings()
    expect(house.told.at(-1)).toMatchObject({ id: second, state: 'closed', why: 'configuration' })
    const third = await ask(cy, { minutes: 1 })
    house.settings = { ...house.settings!, who: { groups: ['okta/other'] } }
    house.glass.useSettings()
    expect(house.told.at(-1)).toMatchObject({ id: third.id, state: 'withdrawn', why: 'configuration' })
  })
})

describe('a review', () => {
  it('is by another person, of what is closed, once', async () => {
    const id = await opened()
    await expect(house.glass.review(id, bob, 'fine')).rejects.toEqual(code('STILL_OPEN'))
    await house.glass.close(id, bob, undefined)
    expect([house.glass.counts, house.glass.unreviewed().map((view) => view.id)]).toEqual([{ requested: 0, open: 0, unreviewed: 1 }, [id]])
    const linked = personOf('77', { person: { kind: 'person', issuer: 'entra', subject: '77', groups: [] }, accounts: { okta: 'ada' } })
    for (const same of [ada, linked]) await expect(house.glass.review(id, same, 'fine')).rejects.toEqual(code('SAME_PERSON'))
    const unlinked = personOf('78', { person: { kind: 'person', issuer: 'entra', subject: '78', groups: [] }, accounts: {} })
    await expect(house.glass.review(id, unlinked, 'fine')).rejects.toEqual(code('NOT_INDEPENDENT'))
    await house.again()
    await expect(house.glass.review(id, linked, 'fine')).rejects.toEqual(code('SAME_PERSON'))
    await expect(house.glass.review(id, unlinked, 'fine')).rejects.toEqual(code('NOT_INDEPENDENT'))
    const both = await Promise.allSettled([house.glass.review(id, bob, 'fine'), house.glass.review(id, cy, 'fine')])
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(house.glass.counts.unreviewed).toBe(0)
    await expect(house.glass.review(id, cy, 'fine')).rejects.toEqual(code('OVER'))
  })
})

describe('over a restart', () => {
  it('what is open stays open until its time, and what waits can be confirmed', async () => {
    const id = await opened()
    const waiting = await ask(cy)
    await house.again()
    expect([house.covered('ada'), house.glass.counts]).toEqual([['orders-db'], { requested: 1, open: 1, unreviewed: 0 }])
    await expect(house.glass.confirm(waiting.id, cy)).rejects.toEqual(code('SAME_PERSON'))
    expect((await house.glass.confirm(waiting.id, ada)).state).toBe('open')
    house.revoked.add('bob')
    house.glass.personsRevoked(undefined)
    expect([stateOf(id), stateOf(waiting.id)]).toEqual(['closed', 'open'])
  })

  it('what ran out meanwhile is closed by an entry, and so is what the log cannot tell of any more', async () => {
    const id = await opened()
    house.now += 31 * MINUTE
    await house.again()
    expect([stateOf(id), house.covered('ada')]).toEqual(['closed', []])
    const other = await opened()
    const { index } = await house.trail.durable({ kind: 'log.read', fields: {} })
    expect(index).toBeGreaterThan(0)
    await house.trail.erase([house.trail.subjectKeyId(pseudonym(ada))!], { kind: 'erased', fields: {} }, () => undefined)
    await house.again()
    expect([stateOf(other), house.covered('ada')]).toEqual(['closed', []])
    expect((await house.kinds()).filter((kind) => kind.includes('closed'))).toEqual([
      'breakglass.closed expired',
      'breakglass.closed interrupted',
    ])
    // Whose name is gone is still known by their pseudonym.
    await expect(house.glass.review(other, ada, 'fine')).rejects.toEqual(code('SAME_PERSON'))
    expect((await house.glass.review(other, cy, 'fine')).state).toBe('reviewed')
  })

  it('what was about to be opened is not, and the opening that the log tells of has an end there', async () => {
    const { id } = await ask()
    const confirming = house.glass.confirm(id, bob)
    // From here on nothing is kept, as if the process were gone.
    house.isFull = true
    await expect(confirming).rejects.toThrow('the disk is full')
    expect(house.covered('ada')).toEqual([])
    house.isFull = false
    await house.again()
    expect([stateOf(id), house.covered('ada')]).toEqual(['closed', []])
    expect((await house.kinds()).slice(1)).toEqual(['breakglass.opened', 'breakglass.closed interrupted'])
    expect((await house.glass.review(id, cy, 'nothing was done')).state).toBe('reviewed')
  })

  it('what another configuration, or a revocation, would have closed is closed', async () => {
    await opened()
    house.settings = undefined
    await house.again()
    expect(house.told.at(-1)).toMatchObject({ state: 'closed', why: 'configuration' })
  })
})
