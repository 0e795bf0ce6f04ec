import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { addressesOf, dial } from './reach.ts'

const asked: string[] = []
const parts = (addresses: readonly string[], own: readonly number[] = []) => ({
  ownPorts: () => new Set(own),
  resolve: async (host: string) => {
    asked.push(host)
    return addresses
  },
})
const of = (addresses: readonly string[], reachesPrivate = false, own: readonly number[] = [], host = 'a.test') =>
  addressesOf({ host, port: 443 }, reachesPrivate, parts(addresses, own))

describe('the addresses of a name', () => {
  it('are asked for once, and are those that are dialled', async () => {
    asked.length = 0
    expect(await of(['8.8.8.8', '2606:4700::1'])).toEqual(['8.8.8.8', '2606:4700::1'])
    expect(asked).toEqual(['a.test'])
  })

  it('are refused altogether where one of them is private, unless that is configured', async () => {
    for (const one of ['127.0.0.1', '10.1.2.3', '::1', '169.254.1.1', 'fe80::1', '::ffff:192.168.0.1']) {
      await expect(of(['8.8.8.8', one]), one).rejects.toMatchObject({ code: 'GS_PROXY_ADDRESS_REFUSED' })
      expect(await of(['8.8.8.8', one], true)).toHaveLength(2)
    }
  })

  it('are never those that hand out credentials, unless the address itself is named', async () => {
    await expect(of(['169.254.169.254'], true)).rejects.toMatchObject({ code: 'GS_PROXY_ADDRESS_REFUSED' })
    await expect(of([], false, [], '169.254.169.254')).rejects.toMatchObject({ code: 'GS_PROXY_ADDRESS_REFUSED' })
    expect(await of([], true, [], '169.254.169.254')).toEqual(['169.254.169.254'])
  })

  it('are never doors of the gateway, on any address of this machine', async () => {
    for (const one of ['127.0.0.1', '127.9.9.9', '::1', '0.0.0.0', '::ffff:127.0.0.1'])
      await expect(of([one], true, [443]), one).rejects.toMatchObject({ code: 'GS_PROXY_ADDRESS_REFUSED' })
    expect(await of(['10.1.2.3'], true, [443])).toEqual(['10.1.2.3'])
  })

  it('are unresolved where there are none, or the resolver fails', async () => {
    await expect(of([])).rejects.toMatchObject({ code: 'GS_PROXY_NAME_UNRESOLVED' })
    const failing = { ownPorts: () => new Set<number>(), resolve: () => Promise.reject(new Error('ENOTFOUND')) }
    await expect(addressesOf({ host: 'a.test', port: 443 }, false, failing)).rejects.toMatchObject({ code: 'GS_PROXY_NAME_UNRESOLVED' })
  })
})

it('dials the next address where one does not answer, and says so where none does', async () => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const socket = await dial(['127.0.0.2', '127.0.0.1'], port, new AbortController().signal)
  expect(socket.remoteAddress).toBe('127.0.0.1')
  socket.destroy()
  server.close()
  await once(server, 'close')
  await expect(dial(['127.0.0.1'], port, new AbortController().signal)).rejects.toMatchObject({ code: 'GS_PROXY_UNREACHABLE' })
  await expect(dial(['127.0.0.1'], port, AbortSignal.abort(new Error('left')))).rejects.toThrow('left')
})
