import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { EntryAnswer, PageAnswer, ReindexAnswer } from '../../src/api/local/index.ts'
import { ALLOW_ALL, DENY_ALL } from '../parts/gateway-config.ts'
import { openShop, type Shop } from '../parts/shop.ts'

let shop: Shop
let run: string
beforeAll(async () => {
  shop = await openShop()
  const credential = await shop.gateway.credential()
  run = credential.run
  const client = new Client(shop.clientOf(credential))
  await client.connect()
  await client.query('CREATE TABLE customers (id int, email text)')
  for (let id = 0; id < 20; id++)
    await client.query({ name: 'add', text: 'INSERT INTO customers VALUES ($1, $2)', values: [id, `person${id}@example.org`] })
  await shop.gateway.reconfigure({ rules: [ALLOW_ALL, DENY_ALL] })
  await client.query('DELETE FROM customers').catch(() => undefined)
  await shop.gateway.reconfigure({ rules: [ALLOW_ALL] })
  await client.end()
})
afterAll(() => shop?.close())

async function search(asked: Record<string, string>) {
  const entries: EntryAnswer[] = []
  let page: PageAnswer['page'] | undefined
  for await (const line of shop.gateway.operator.search(asked, AbortSignal.timeout(10_000))) {
    if ('page' in line) page = line.page
    else entries.push(line)
  }
  return { entries, ...(page as PageAnswer['page']) }
}

/** How many entries of the log the index has not come to. */
const lag = ({ size, indexed }: Pick<PageAnswer['page'], 'size' | 'indexed'>) => size - indexed

async function reindex(check: boolean): Promise<ReindexAnswer | undefined> {
  let last: ReindexAnswer | undefined
  for await (const line of shop.gateway.operator.reindex(check, AbortSignal.timeout(30_000))) last = line
  return last
}

it('finds what a driver did a moment ago, by what it did, to what, with which values', async () => {
  const inserts = await search({ action: 'insert', object: 'customers', run })
  expect(inserts.entries.length).toBeGreaterThanOrEqual(20)
  expect(inserts.indexed).toBe(inserts.size)
  const one = await search({ text: 'person7@example.org', opened: 'true' })
  expect(one.entries).toHaveLength(1)
  expect(one.entries[0]?.payloads?.map(({ content }) => content).join()).toContain('person7@example.org')
  const denied = await search({ decision: 'deny', kind: 'operation.intent' })
  expect(denied.entries).toHaveLength(1)
  expect((await search({ decision: 'deny', action: 'delete', object: 'customers' })).entries).toEqual(denied.entries)
  expect((await search({ decision: 'deny', action: 'insert' })).entries).toEqual([])
})

it('knows a principal by issuer and subject', async () => {
  const { entries } = await search({ run, kind: 'run.start' })
  const { pseudonym, issuer } = entries[0]!.fields.who as { pseudonym: string; issuer: string }
  const [detail] = (await search({ run, kind: 'run.start', opened: 'true' })).entries
  const { subject } = JSON.parse(detail?.payloads?.[0]?.content ?? '{}') as { subject: string }
  const named = await search({ who: `${issuer}:${subject}`, kind: 'session' })
  expect(named.entries.length).toBeGreaterThan(0)
  expect((await search({ who: pseudonym, kind: 'session' })).entries.map(({ index }) => index)).toEqual(
    named.entries.map(({ index }) => index),
  )
})

it('records that it is searched, and what for as a payload that no search finds', async () => {
  await search({ text: 'forbidden-name', object: 'hidden_table' })
  const [newest] = (await search({ kind: 'log.read', limit: '1' })).entries
  const [before] = (await search({ kind: 'log.read', limit: '3', opened: 'true' })).entries.slice(2)
  expect(JSON.stringify(newest?.fields)).not.toContain('hidden')
  expect(JSON.stringify(before?.fields)).not.toMatch(/hidden|forbidden/)
  expect(JSON.parse(before?.payloads?.[0]?.content ?? '{}')).toEqual({ text: 'forbidden-name', object: 'hidden_table' })
  expect((await search({ text: 'forbidden' })).entries).toEqual([])
})

it('is complete, proves it, and comes to the same when it is built again after a crash', async () => {
  const before = await reindex(true)
  expect(before).toMatchObject({ report: { first: 0, differences: 0, unreadable: 0 } })
  await shop.gateway.kill9()
  shop.gateway = await shop.gateway.again()
  // A page says how far the index has come; right after a start that may be less than the log.
  await expect.poll(async () => lag(await search({ action: 'insert', run })), { timeout: 20_000 }).toBe(0)
  expect((await search({ action: 'insert', run })).entries.length).toBeGreaterThanOrEqual(20)
  expect(await reindex(true)).toMatchObject({ report: { first: 0, differences: 0 } })
  expect(await reindex(false)).toMatchObject({ report: { first: 0, differences: 0 } })
  expect((await search({ text: 'person7@example.org' })).entries).toHaveLength(1)
})

it('keeps no word of a statement or value in the files of the index', () => {
  const files = readdirSync(shop.gateway.data).filter((name) => name.startsWith('index.sqlite'))
  expect(files.length).toBeGreaterThan(0)
  const bytes = Buffer.concat(files.map((name) => readFileSync(join(shop.gateway.data, name))))
    .toString('latin1')
    .toLowerCase()
  for (const word of ['customers', 'person7', 'example', 'insert']) expect(bytes).not.toContain(word)
})
