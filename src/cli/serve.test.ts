import { EventEmitter } from 'node:events'
import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { RunningGateway, StartOptions } from '../gateway/index.ts'
import { TrailError } from '../trail/index.ts'
import { serve } from './serve.ts'

/** A gateway that records what is asked of it, and stops when told. */
function scene(start: (options: StartOptions) => Promise<void> = async () => undefined) {
  const signals = Object.assign(new EventEmitter(), { exits: [] as number[], exit: (code: number) => void signals.exits.push(code) })
  const asked: string[] = []
  let end: (code: number) => void = () => undefined
  const lines: Record<string, unknown>[] = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  const running: RunningGateway = {
    ready: { postgres: '127.0.0.1:6432', socket: '/data/gatescribe.sock' },
    firstAdminLink: 'https://gw.example.org/signin?first=gs_first_abc',
    stop: async () => void asked.push('stop'),
    stopped: new Promise((resolve) => {
      end = resolve
    }),
    async reload() {
      asked.push('reload')
      throw new TrailError('GS_TRAIL_FULL')
    },
  }
  const room = async () => ({
    async startGateway(options: StartOptions) {
      await start(options)
      return running
    },
  })
  const code = serve('/etc/gatescribe.yaml', { format: 'json', level: 'info', destination }, room, signals)
  const said = () => lines.map(({ msg }) => msg)
  return { code, signals, asked, end, lines, said }
}

describe('gatescribe start', () => {
  it('says where the doors are once it is ready, and ends with the exit code of the gateway', async () => {
    const { code, end, lines, said } = scene()
    await expect.poll(said).toContain('ready')
    expect(lines[0]).toMatchObject({ level: 'info', time: expect.stringMatching(/Z$/), postgres: '127.0.0.1:6432' })
    end(0)
    expect(await code).toBe(0)
    expect(said()).toContain('stopped')
  })

  it.each(['SIGTERM', 'SIGINT'])('drains at %s, and ends at once at a second one', async (signal) => {
    const { code, signals, asked, end, said } = scene()
    await expect.poll(said).toContain('ready')
    signals.emit(signal)
    expect(asked).toEqual(['stop'])
    expect(signals.exits).toEqual([])
    signals.emit(signal)
    expect(signals.exits).toEqual([1])
    end(0)
    expect(await code).toBe(0)
    expect(signals.listenerCount(signal)).toBe(0)
  })

  it('gives up a start that is under way', async () => {
    const { code, signals } = scene(
      ({ signal }) => new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
    )
    signals.emit('SIGTERM')
    expect(await code).toBe(0)
  })

  it('reads the configuration again at SIGHUP, and goes on where it is refused', async () => {
    const { code, signals, asked, end, lines, said } = scene()
    await expect.poll(said).toContain('ready')
    signals.emit('SIGHUP')
    await expect
      .poll(() => lines.find(({ level }) => level === 'error'))
      .toMatchObject({ code: 'GS_TRAIL_FULL', msg: expect.stringContaining('stays') })
    expect(asked).toEqual(['reload'])
    end(0)
    await code
  })

  it('says why it does not start, with code and next step', async () => {
    const { code, lines } = scene(async () => {
      throw new TrailError('GS_TRAIL_FULL')
    })
    expect(await code).toBe(1)
    expect(lines).toMatchObject([{ level: 'fatal', code: 'GS_TRAIL_FULL', next: expect.any(String) }])
  })
})
