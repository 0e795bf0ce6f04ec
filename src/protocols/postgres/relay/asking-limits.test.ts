import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { connectRaw, errorIn, firstColumn, sendRawCancel, types } from '../../../../test/parts/raw-postgres.ts'
import { relayRoom } from '../../../../test/parts/relay-room.ts'
import { Refusal } from '../../../operations/index.ts'
import * as build from '../wire/build.ts'

const room = relayRoom()

it('keeps no more than some thousands of messages together, however short, until it asks', async () => {
  room.gate.asks = /asked/
  const client = await room.client()
  client.send(build.parse('', "SELECT 'asked'"), build.bind('', ''), ...Array.from({ length: 10_000 }, () => build.execute('')))
  await expect.poll(() => room.gate.requests.length, { timeout: 5_000 }).toBe(1)
  room.gate.requests[0]!.answer(new Refusal('GS_APPROVAL_DENIED'))
  client.send(build.sync())
  expect(types(await client.until()).replaceAll('N', '')).toMatch(/^1?EZ$/)
})

it('asks nobody for what was cancelled while its text was thought about', async () => {
  const understood = Promise.withResolvers<{ facts: { effects: [] }; statements: [] }>()
  room.gate.asks = /asked/
  let isRead = false
  room.gate.reads = () => {
    isRead = true
    return understood.promise
  }
  const client = await room.client()
  client.send(build.query("SELECT 'asked'"))
  await expect.poll(() => isRead).toBe(true)
  await sendRawCancel(room.gate.port, client.processId, client.key)
  understood.resolve({ facts: { effects: [] }, statements: [] })
  expect(errorIn(await client.until()).get('C')).toBe('57014')
  expect(room.gate.requests).toEqual([])
})

it('is cancelled also while the target does not say what its session is', async () => {
  room.gate.asks = /asked/
  const client = await room.client()
  const blocker = await connectRaw(room.postgres.port)
  blocker.send(build.query('BEGIN; LOCK TABLE pg_catalog.pg_operator IN ACCESS EXCLUSIVE MODE'))
  await blocker.until()
  client.send(build.query("SELECT 'asked'"))
  await sleep(100)
  await sendRawCancel(room.gate.port, client.processId, client.key)
  expect(errorIn(await client.until()).get('C')).toBe('57014')
  blocker.socket.destroy()
  client.send(build.query('SELECT 1'))
  expect(firstColumn(await client.until())).toEqual(['1'])
  expect(room.gate.requests).toEqual([])
})
