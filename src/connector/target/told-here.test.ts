import { afterEach, beforeEach, expect, it } from 'vitest'
import { type ConnectorWorld, startConnectorWorld } from '../../../test/parts/connector-door.ts'
import { freePort } from '../../../test/parts/ports.ts'

let world: ConnectorWorld
const lines: ({ level: string; text: string } & Record<string, unknown>)[] = []
const line = (level: string) => (about: object, text: string) => void lines.push({ ...about, level, text })
const log = { info: line('info'), warn: line('warn'), error: line('error') }

beforeEach(async () => {
  lines.length = 0
  world = await startConnectorWorld()
})
afterEach(() => world.close())

const dial = (host: string, port: number) =>
  world.connectors.dial('plant-a', host, port, { resource: 'orders-db' }, AbortSignal.timeout(10_000)).catch(() => undefined)

it('says of a target that it does not open what to do beside it', async () => {
  const port = await freePort()
  await world.up({ log, allow: [`127.0.0.1:${port}`] })
  await dial('orders.internal', 5432)
  await dial('127.0.0.1', port)
  const told = lines.filter(({ level }) => level === 'warn')
  expect(told).toMatchObject([
    { code: 'GS_CONNECTOR_TARGET_NOT_ALLOWED', target: 'orders.internal:5432', next: expect.stringContaining('--allow host:port') },
    { code: 'GS_CONNECTOR_TARGET_UNREACHABLE', target: `127.0.0.1:${port}`, next: expect.stringContaining('on this machine') },
  ])
  expect(JSON.stringify(told)).not.toContain('Tell the operator')
})

it('says what to do about everything else that keeps it from being up', async () => {
  const connector = await world.connector({ log, token: 'let me in' })
  expect(await connector.ended).toMatchObject({ code: 'GS_CONNECTOR_TOKEN_INVALID' })
  expect(lines.at(-1)).toMatchObject({
    level: 'error',
    code: 'GS_CONNECTOR_TOKEN_INVALID',
    next: expect.stringContaining('connectors enrol'),
  })
})
