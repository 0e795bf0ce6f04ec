import { afterEach, beforeEach, expect, it } from 'vitest'
import { type ConnectorWorld, isUp, startConnectorWorld } from '../../test/parts/connector-door.ts'
import { isTakenStill } from './gateway/lapsed.ts'
import type { EnrolledBy } from './gateway/observer.ts'

/** What `connectors[].workload` of each name comes to, and whose tokens it takes. */
let rules: Map<string, { readonly digest: string; readonly takes: readonly string[] }>
let world: ConnectorWorld
/** What each verification waits for behind its outcome. */
let verified: Promise<void>
let verifying: number

beforeEach(async () => {
  rules = new Map([['plant-a', { digest: 'first', takes: ['token.of.one', 'token.of.two'] }]])
  const spent = new Set<string>()
  verified = Promise.resolve()
  verifying = 0
  world = await startConnectorWorld({
    workloadRule: (name) => rules.get(name)?.digest,
    async verifyWorkload(name, token, _address, shownBefore) {
      const rule = rules.get(name)
      if (!rule?.takes.includes(token) || (spent.has(token) && shownBefore !== token)) throw new Error('no')
      spent.add(token)
      verifying += 1
      await verified
      return { issuer: 'cluster', subject: `psn_${token}`, rule: rule.digest, token }
    },
  })
})
afterEach(() => world.close())

const codes = () => world.of('refused').map(({ code }) => code)
const workload = (token: string) => ({ name: 'plant-a', workloadToken: async () => token })

it('cuts whoever a changed rule takes no more, says so, and lets them in no more', async () => {
  const connector = await world.up(workload('token.of.one'))
  const { id } = connector.state()
  rules.set('plant-a', { digest: 'second', takes: ['token.of.two'] })
  world.connectors.settingsChanged()
  expect(world.connectors.state()).toEqual([])
  expect(world.of('down')).toMatchObject([{ connector: id, why: 'workload' }])
  await expect.poll(() => connector.state().lastError?.code).toBe('GS_CONNECTOR_WORKLOAD_REFUSED')
  expect(world.of('refused')[0]).toMatchObject({ code: 'GS_CONNECTOR_WORKLOAD_CHANGED', connector: id, name: 'plant-a' })
  expect(codes()).toEqual(['GS_CONNECTOR_WORKLOAD_CHANGED', 'GS_CONNECTOR_WORKLOAD_REFUSED'])
  expect(world.connectors.state()).toEqual([])
})

it('takes in anew, with the token of then, whoever the changed rule still takes', async () => {
  const connector = await world.up(workload('token.of.one'))
  rules.set('plant-a', { digest: 'second', takes: ['token.of.one'] })
  world.connectors.settingsChanged()
  await isUp(connector, world.connectors)
  expect(world.of('enrolled')).toHaveLength(2)
  expect(world.connectors.known()).toMatchObject([{ id: connector.state().id, how: { by: 'workload', rule: 'second' } }])
})

it('asks at the next link, where the rule was changed while the gateway was down', async () => {
  const data = world.folder()
  const first = await world.up({ ...workload('token.of.one'), data })
  await first.stop()
  rules.delete('plant-a')
  const second = await world.connector({ data })
  await expect.poll(() => second.state().lastError?.code).toBe('GS_CONNECTOR_WORKLOAD_CHANGED')
  expect(second.state().phase).not.toBe('refused')
  // The rule that it was taken in by is there again.
  rules.set('plant-a', { digest: 'first', takes: [] })
  await isUp(second, world.connectors)
  expect(world.of('enrolled')).toHaveLength(1)
})

it('lets go on whose rule did not change, and whoever came by an enrolment token', async () => {
  const [byWorkload, byToken] = [await world.up(workload('token.of.one')), await world.up()]
  rules.set('plant-b', { digest: 'other', takes: [] })
  world.connectors.settingsChanged()
  rules.set('plant-a', { digest: 'second', takes: [] })
  expect(world.connectors.state()).toHaveLength(2)
  world.connectors.settingsChanged()
  expect(world.connectors.state().map(({ id }) => id)).toEqual([byToken.state().id])
  expect(world.of('down')).toMatchObject([{ connector: byWorkload.state().id, why: 'workload' }])
})

it('is content with an enrolment token instead, which an administrator gave', async () => {
  const data = world.folder()
  const first = await world.up({ ...workload('token.of.one'), data })
  await first.stop()
  rules.delete('plant-a')
  const { token } = await world.connectors.offer('plant-a', 'someone', 60_000)
  const second = await world.up({ data, token })
  expect(second.state().id).toBe(first.state().id)
  expect(world.connectors.known()).toMatchObject([{ how: { by: 'token' } }])
})

it('is in under one name, where one key asks for two at once', async () => {
  rules.set('plant-b', { digest: 'other', takes: ['token.of.two'] })
  const data = world.folder()
  const { promise, resolve } = Promise.withResolvers<void>()
  verified = promise
  const slow = await world.connector({ data, name: 'plant-b', workloadToken: async () => 'token.of.two' })
  await expect.poll(() => verifying).toBe(1)
  const { token } = await world.connectors.offer('plant-a', 'someone', 60_000)
  await world.up({ data, token })
  resolve()
  await expect.poll(() => slow.state().lastError?.code).toBe('GS_CONNECTOR_WORKLOAD_REFUSED')
  expect(world.connectors.known()).toMatchObject([{ name: 'plant-a', how: { by: 'token' } }])
})

it('takes nobody where no workload is taken, neither whom an earlier version took in', () => {
  const how = { by: 'workload', issuer: 'cluster', subject: 'psn_1' } as EnrolledBy
  expect(isTakenStill({ name: 'plant-a', how }, () => undefined)).toBe(false)
})
