import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Host, NETWORKS, type Networks, networksHere, startNetworks } from './network.ts'
import { namespaces } from './network-namespaces.ts'
import { needs } from './require.ts'

/** Sends back what it hears, and says when it listens. */
const ECHO = `require('node:net').createServer((s) => s.on('error', () => 0).pipe(s)).listen(7000, '0.0.0.0', () => console.log('listens'))`

describe('networks of namespaces', () => {
  let networks: Networks
  beforeEach((test) => {
    needs(test, networksHere(), NETWORKS)
    networks = startNetworks(['outside', 'private'])
  })
  afterEach(() => networks?.remove())

  async function echoAt(host: Host): Promise<ChildProcess> {
    const echo = host.spawn(process.execPath, ['-e', ECHO], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(echo.stdout!, 'data')
    return echo
  }

  it('lets a host reach what is in its own networks, and nothing else', async () => {
    const outer = networks.host('outer', ['outside'])
    const middle = networks.host('middle', ['outside', 'private'])
    const inner = networks.host('inner', ['private'])
    await echoAt(inner)
    const target = inner.address('private')
    expect(await middle.reach(target, 7000)).toBe('connected')
    expect(await inner.reach('127.0.0.1', 7000)).toBe('connected')
    expect(await middle.reach('127.0.0.1', 7000)).toBe('ECONNREFUSED')
    expect(await outer.reach(target, 7000)).toBe('ENETUNREACH')
    expect(await outer.reach(middle.address('outside'), 7000)).toBe('ECONNREFUSED')
    expect(() => outer.address('private')).toThrow('no leg')
  })

  it('resolves the names that a host was given, and no others', async () => {
    const [one, other] = [networks.host('one', ['private']), networks.host('other', ['private'])]
    await echoAt(other)
    one.names({ 'echo.internal': other.address('private') })
    expect(await one.reach('echo.internal', 7000)).toBe('connected')
    expect(await other.reach('echo.internal', 7000, 4_000)).toMatch(/^E(AI_AGAIN|NOTFOUND)$/)
  })

  it('runs what it runs as somebody, under the pid that was spawned', async () => {
    const host = networks.host('one', ['private'])
    const { stdout } = await host.run('id', ['-u'], { user: { uid: 65_534, gid: 65_534 } })
    expect(stdout).toBe('65534\n')
    const echo = await echoAt(host)
    echo.kill('SIGKILL')
    await once(echo, 'exit')
    expect(echo.signalCode).toBe('SIGKILL')
    expect(await host.reach('127.0.0.1', 7000)).toBe('ECONNREFUSED')
  })

  it('cuts a link without telling anybody, and heals it', async () => {
    const [one, other] = [networks.host('one', ['private']), networks.host('other', ['private'])]
    await echoAt(other)
    expect(await one.reach(other.address('private'), 7000)).toBe('connected')
    other.cut('private')
    expect(await one.reach(other.address('private'), 7000)).toMatch(/ETIMEDOUT|EHOSTUNREACH/)
    other.heal('private')
    expect(await one.reach(other.address('private'), 7000)).toBe('connected')
  })

  it('drops a share of the packets, about as large as asked for', async () => {
    const [one, other] = [networks.host('one', ['private']), networks.host('other', ['private'])]
    // Until nothing came for a second; a few at a time, so that none is dropped because its receiver was slow.
    const count = `let n = 0, end
      const socket = require('node:dgram').createSocket('udp4')
      socket.on('message', () => { n++; clearTimeout(end); end = setTimeout(() => { console.log(n); socket.close() }, 1000) })
      socket.bind(7001, () => console.log('listens'))`
    const send = `const socket = require('node:dgram').createSocket('udp4')
      let left = 1000
      const next = () => left === 0 ? socket.close() : socket.send('x', 7001, '${other.address('private')}', () => --left % 10 ? next() : setTimeout(next, 3))
      next()`
    const receiver = other.spawn(process.execPath, ['-e', count])
    let said = ''
    receiver.stdout!.on('data', (piece) => {
      said += piece
    })
    await once(receiver.stdout!, 'data')
    other.lose('private', 20)
    await one.run(process.execPath, ['-e', send])
    await once(receiver, 'close')
    const share = Number(said.split('\n')[1]) / 1000
    // Six standard deviations.
    expect(share).toBeGreaterThan(0.72)
    expect(share).toBeLessThan(0.88)
  })

  it('leaves nothing behind, in order or where the process is killed', async () => {
    const before = networks.host('one', ['private']).namespace
    networks.remove()
    expect(namespaces()).not.toContain(before)

    const script = `const { startNetworks } = await import(${JSON.stringify(import.meta.resolve('./network.ts'))})
      const host = startNetworks(['private']).host('one', ['private'])
      host.spawn('sleep', ['60'], { stdio: 'ignore' })
      console.log(host.namespace); setInterval(() => 0, 1000)`
    const other = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const namespace = String((await once(other.stdout, 'data'))[0]).trim()
    expect(namespaces()).toContain(namespace)
    other.kill('SIGKILL')
    for (let waited = 0; namespaces().includes(namespace); waited += 50) {
      if (waited > 5_000) throw new Error(`${namespace} is still there`)
      await sleep(50)
    }
  })
})
