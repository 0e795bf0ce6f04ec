import { duplexPair } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { Refusal } from '../../../operations/index.ts'
import { StreamRedactor } from '../login/redactor.ts'
import { type Tunnel, tunnel } from './tunnel.ts'

const NOTHING = new Uint8Array(0)

function dig(options: Partial<Tunnel> = {}) {
  const [client, agent] = duplexPair()
  const [target, server] = duplexPair()
  server.resume()
  const over = tunnel({
    ...{ client, target, heads: { client: NOTHING, target: NOTHING }, charge: () => undefined, signal: new AbortController().signal },
    ...options,
  })
  return { agent, server, over }
}

const redactor = () => new StreamRedactor([Buffer.from('credential')])

it('shows what may be the beginning of a credential after a while, and at the end at the latest', async () => {
  const { agent, server, over } = dig({ change: redactor() })
  let got = ''
  agent.setEncoding('latin1').on('data', (piece: string) => {
    got += piece
  })
  server.write('a credential, a crede')
  await expect.poll(() => got).toBe('a **********, a crede')
  server.end('ntial, a cred')
  await expect.poll(() => got).toBe('a **********, a crede*****, a cred')
  agent.end()
  expect(await over).toBeUndefined()
})

it('shows what is recorded strictly only then, in order', async () => {
  const waiting: (() => void)[] = []
  const recorded: string[] = []
  const { agent, server, over } = dig({
    record: (bytes) => void recorded.push(Buffer.from(bytes).toString()),
    recorder: {
      ...{ strict: true, crowded: false, onRoom: () => undefined, onLost: () => undefined },
      whenShown: (call) => void waiting.push(call),
    },
  })
  const all = text(agent)
  let got = ''
  agent.on('data', (piece: Buffer) => {
    got += piece.toString()
  })
  server.write('one')
  await expect.poll(() => recorded).toEqual(['one'])
  server.end('two')
  await sleep(30)
  expect([got, recorded]).toEqual(['', ['one']])
  for (let at = 0; at < 3; at++) {
    await expect.poll(() => waiting.length).toBeGreaterThan(at)
    waiting[at]?.()
  }
  expect(await all).toBe('onetwo')
  agent.end()
  expect(await over).toBeUndefined()
})

it('is cut where it cannot be recorded any more', async () => {
  let lost: () => void = () => undefined
  const { over } = dig({
    recorder: {
      ...{ strict: false, crowded: false, onRoom: () => undefined, whenShown: (call) => call() },
      onLost: (call) => {
        lost = call
      },
    },
  })
  lost()
  expect(((await over) as Refusal).code).toBe('GS_TRAIL_UNAVAILABLE')
})

it('takes no more of the target while the recording is crowded', async () => {
  let room: () => void = () => undefined
  let crowded = true
  const { agent, server } = dig({
    recorder: {
      ...{ strict: false, onLost: () => undefined, whenShown: (call) => call() },
      get crowded() {
        return crowded
      },
      onRoom: (call) => {
        room = call
      },
    },
  })
  let got = ''
  agent.on('data', (piece: Buffer) => {
    got += piece.toString()
  })
  server.write('one')
  await expect.poll(() => got).toBe('one')
  server.write('two')
  await sleep(30)
  expect(got).toBe('one')
  crowded = false
  room()
  await expect.poll(() => got).toBe('onetwo')
})
