import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Host, type Networks, startNetworks } from '../parts/network.ts'
import { expectUnreachable, isOnOwnNetwork, needsOwnNetwork } from './own-network.ts'
import { startTargets, type Targets } from './targets.ts'
import { POSTGRES } from './world.ts'

let networks: Networks
let target: Host
let targets: Targets

beforeEach(needsOwnNetwork)
beforeAll(async () => {
  if (!isOnOwnNetwork()) return
  networks = startNetworks(['outside', 'private'])
  networks.plugIn('outside')
  target = networks.host('target', ['private'])
  targets = await startTargets(target, { postgres: POSTGRES })
})
afterAll(async () => {
  await targets?.stop()
  networks?.unplug('outside')
  networks?.remove()
})

describe('the networks of these tests', () => {
  it('hold a target that a host with a leg in both can reach, and the gateway cannot', async () => {
    const both = networks.host('both', ['outside', 'private'])
    both.names({ 'orders.internal': target.address('private') })
    const { port } = targets.postgres!
    expect(await both.reach('orders.internal', port)).toBe('connected')
    await expectUnreachable(process.pid, [
      [target.address('private'), port],
      ['orders.internal', port],
    ])
  })

  it('are found out where the gateway can reach a target after all, or lives elsewhere', async () => {
    const place = [target.address('private'), targets.postgres!.port] as const
    await expect(expectUnreachable(targets.pid, [place])).rejects.toThrow('is in another network')
    networks.plugIn('private')
    try {
      await expect(expectUnreachable(process.pid, [place])).rejects.toThrow(`${place[0]}:${place[1]}: connected`)
      // Nor does it help that nobody listens just now.
      await expect(expectUnreachable(process.pid, [[place[0], 9]])).rejects.toThrow('ECONNREFUSED')
    } finally {
      networks.unplug('private')
    }
    await expectUnreachable(process.pid, [place])
  })
})
