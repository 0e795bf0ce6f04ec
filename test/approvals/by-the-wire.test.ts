import type { Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import * as build from '../../src/protocols/postgres/wire/build.ts'
import { readErrorFields } from '../../src/protocols/postgres/wire/error-response.ts'
import { SHOP_DATABASE } from '../parts/shop.ts'
import { type Agent, idIn, Office } from './office.ts'

// What no driver sends and an agent may: messages of the protocol in an order of its own, around what persons are asked.

const AT = { database: SHOP_DATABASE, user: 'postgres' }
let office: Office
let agent: Agent
let wire: Wire
beforeAll(async () => {
  office = await Office.open()
  await office.person('ada')
  await office.shop.server.queryIn(
    AT,
    'CREATE TABLE kept (n int, at date); CREATE TABLE other (n int); ALTER TABLE kept OWNER TO shop_app; ALTER TABLE other OWNER TO shop_app',
  )
})
afterAll(() => office?.close())
beforeEach(async () => {
  agent = await office.agent()
  wire = new Wire(agent)
  await office.shop.server.queryIn(
    AT,
    "TRUNCATE kept, other; INSERT INTO kept VALUES (1, '2026-02-01'), (2, '2026-01-02'); INSERT INTO other VALUES (1)",
  )
})

const left = async (table = 'kept') => (await office.shop.server.queryIn(AT, `SELECT n FROM ${table} ORDER BY n`)).map(({ n }) => n)

/** The connection of an agent's driver, as bare messages. */
class Wire {
  readonly #socket: Socket
  readonly #came: { readonly type: string; readonly body: Buffer }[] = []

  constructor({ client }: Agent) {
    this.#socket = (client as unknown as { connection: { stream: Socket } }).connection.stream
    this.#socket.removeAllListeners('data')
    let rest = Buffer.alloc(0)
    this.#socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 5 && rest.length > rest.readUInt32BE(1)) {
        const end = 1 + rest.readUInt32BE(1)
        this.#came.push({ type: String.fromCharCode(rest[0]!), body: rest.subarray(5, end) })
        rest = rest.subarray(end)
      }
    })
  }

  send(...messages: Uint8Array[]): void {
    this.#socket.write(Buffer.concat(messages))
  }

  /** Everything up to the next one of this type. */
  async until(type: string): Promise<readonly { readonly type: string; readonly body: Buffer }[]> {
    await expect.poll(() => this.#came.some((each) => each.type === type), { timeout: 9_000, interval: 5 }).toBe(true)
    return this.#came.splice(0, this.#came.findIndex((each) => each.type === type) + 1)
  }

  async query(text: string): Promise<string> {
    this.send(build.query(text))
    return said(await this.until('Z'))
  }

  /** The request that the next notice speaks of. */
  async asked(): Promise<string> {
    return idIn(readErrorFields((await this.until('N')).at(-1)!.body)?.get('M'))
  }
}

/** Types of what came, without notices; and what an error says. */
function said(messages: readonly { readonly type: string; readonly body: Buffer }[]): string {
  const types = messages.filter(({ type }) => type !== 'N' && type !== 'S').map(({ type }) => type)
  const error = messages.find(({ type }) => type === 'E')
  const fields = error && readErrorFields(error.body)
  return [types.join(''), fields && (/GS_\w+/.exec(fields.get('D') ?? '')?.[0] ?? fields.get('M'))].filter(Boolean).join(' ')
}
const run = (text: string) => [build.parse('', text), build.bind('', ''), build.execute('')]

it('runs nothing by a name that was given to something else in the same group', async () => {
  wire.send(build.parse('x', 'SELECT 1'), build.sync())
  await wire.until('Z')
  wire.send(build.close('S', 'x'), build.parse('x', 'DELETE FROM kept'), ...run('EXECUTE x'), build.sync())
  await wire.asked()
  expect(await left()).toEqual([1, 2])
})

it('runs a portal only in the state of the session in which it was approved', async () => {
  expect(await wire.query("SET DateStyle = 'ISO, MDY'; BEGIN")).toBe('CCZ')
  wire.send(build.parse('', 'DELETE FROM kept WHERE at = $1::text::date'), build.bind('p', '', ['01/02/2026']), build.flush())
  await office.approve(await wire.asked())
  await wire.until('2')
  await wire.query("SET DateStyle = 'ISO, DMY'")
  wire.send(build.execute('p'), build.sync())
  expect(said(await wire.until('Z'))).toBe('EZ GS_OPERATION_NOT_UNDERSTOOD')
  await wire.query('COMMIT')
  expect(await left()).toEqual([1, 2])
})

it('lets nothing that was bound before come in between', async () => {
  wire.send(build.parse('', "SET DateStyle = 'ISO, DMY'"), build.bind('s', ''), build.flush())
  await wire.until('2')
  wire.send(
    build.parse('', 'DELETE FROM kept WHERE at = $1::text::date'),
    build.bind('', '', ['01/02/2026']),
    build.execute('s'),
    build.execute(''),
    build.sync(),
  )
  await office.approve(await wire.asked())
  expect(said(await wire.until('Z'))).toContain('GS_OPERATION_NOT_UNDERSTOOD')
  expect(await left()).toEqual([1, 2])
})

it('lets nothing that was bound before come in between a Parse and its Bind', async () => {
  wire.send(build.parse('', "SET DateStyle = 'ISO, DMY'"), build.bind('s', ''), build.flush())
  await wire.until('2')
  wire.send(
    build.parse('', 'DELETE FROM kept WHERE at = $1::text::date'),
    build.execute('s'),
    build.bind('', '', ['01/02/2026']),
    build.execute(''),
    build.sync(),
  )
  expect(said(await wire.until('Z'))).toContain('GS_APPROVAL_VOID')
  expect(await left()).toEqual([1, 2])
})

it('runs a statement only where its constants were read as they are shown', async () => {
  await wire.query("SET DateStyle = 'ISO, DMY'")
  wire.send(build.parse('d', "DELETE FROM kept WHERE at = '01/02/2026'"), build.sync())
  await wire.until('Z')
  await wire.query("SET DateStyle = 'ISO, MDY'")
  wire.send(build.bind('', 'd'), build.execute(''), build.sync())
  expect(said(await wire.until('Z'))).toBe('EZ GS_APPROVAL_VOID')
  await wire.query("SET DateStyle = 'ISO, DMY'")
  wire.send(build.bind('', 'd'), build.execute(''), build.sync())
  await office.approve(await wire.asked())
  expect(said(await wire.until('Z'))).toBe('2CZ')
  expect(await left()).toEqual([2])
})

it('uses a ticket for no other table than the one that was shown', { timeout: 30_000 }, async () => {
  await wire.query('CREATE VIEW seen AS SELECT n FROM other')
  await wire.query('BEGIN')
  wire.send(build.query('DELETE FROM seen'))
  const id = await wire.asked()
  expect(said(await wire.until('Z'))).toBe('EZ GS_APPROVAL_PENDING')
  await wire.query('ROLLBACK')
  await office.approve(id)
  await wire.query('CREATE OR REPLACE VIEW seen AS SELECT n FROM kept')
  wire.send(build.query('DELETE FROM seen'))
  expect(await wire.asked()).not.toBe(id)
  expect(await left()).toEqual([1, 2])
})

it('undoes with a refusal what waits for the same Sync', async () => {
  wire.send(...run('INSERT INTO other VALUES (7)'), build.flush())
  await wire.until('C')
  wire.send(build.query('DELETE FROM kept'))
  const id = await wire.asked()
  await (await office.person('ada')).decide(id, 'deny')
  expect(said(await wire.until('Z'))).toBe('EZ GS_APPROVAL_DENIED')
  await wire.query('SELECT 1')
  expect(await left('other')).toEqual([1])
})
