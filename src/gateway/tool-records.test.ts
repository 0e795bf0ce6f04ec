import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ApprovalHouse } from '../../test/parts/approvals.ts'
import type { ToolDefinition } from '../operations/index.ts'
import { createPins, type Pins } from '../pins/index.ts'
import { type EmbeddedDatabase, embeddedPinStore, openDatabase } from '../store/index.ts'
import type { EntryDraft } from '../trail/index.ts'
import type { GatewayLog } from './log.ts'
import { pinModeOf, ToolRecords } from './tool-records.ts'

let house: ApprovalHouse
let folder: string
let database: EmbeddedDatabase
let pins: Pins
const warned: object[] = []
const log = { warn: (fields: object) => void warned.push(fields) } as unknown as GatewayLog
beforeEach(async () => {
  house = await new ApprovalHouse().open()
  folder = mkdtempSync(join(tmpdir(), 'gatescribe-tools-'))
  database = openDatabase(folder)
  pins = createPins({
    store: embeddedPinStore(database),
    records: new ToolRecords(house.trail, log),
    mode: () => 'required',
    now: Date.now,
  })
})
afterEach(async () => {
  database.close()
  rmSync(folder, { recursive: true, force: true })
  await house.close()
  await house.remove()
})

async function entries() {
  await new Promise<void>((resolve) => house.trail.whenDurable(() => resolve()))
  const found = []
  for await (const { kind, fields, bytes, payloads } of house.trail.read())
    if (kind.startsWith('tools.')) {
      const [payload] = payloads()
      found.push({ kind, fields, bytes: Buffer.from(bytes).toString(), tools: JSON.parse(Buffer.from(payload!.content!).toString()) })
    }
  return found
}

/** @returns its digest */
function offer(tool: ToolDefinition): string {
  const [standing] = pins.check('tickets', [tool])
  if (standing?.standing === 'refused' || standing === undefined) throw new Error('it cannot be pinned')
  return standing.digest
}

const search = { name: 'search', description: 'Finds tickets.' }

it('tells what was seen, pinned, changed and not pinned any more, by digest; names and definitions are a payload without secrets', async () => {
  const key = `sk-proj-${'a1B2c3D4'.repeat(6)}`
  const digest = offer(search)
  await pins.pin('tickets', [], pins.pinnable('tickets', []).digest!, 'local-operator')
  const other = offer({ ...search, description: `Use ${key}.` })
  await pins.unpin('tickets', ['search'], 'local-operator')
  const told = await entries()
  expect(told.map(({ kind, fields }) => [kind, fields])).toEqual([
    ['tools.seen', { resource: 'tickets', tools: [{ digest }] }],
    ['tools.pinned', { resource: 'tickets', tools: [{ digest }], by: 'local-operator' }],
    ['tools.changed', { resource: 'tickets', tools: [{ digest: other, before: digest }], redacted: [expect.anything()] }],
    ['tools.unpinned', { resource: 'tickets', tools: [{ digest }], by: 'local-operator' }],
  ])
  expect(told.map(({ tools }) => tools[0].name)).toEqual(['search', 'search', 'search', 'search'])
  expect(told[0]!.tools).toEqual([{ name: 'search', digest, definition: search }])
  expect(JSON.stringify(told)).not.toContain(key)
  expect(warned).toEqual([{ resource: 'tickets', tools: 1, next: 'gatescribe tools diff tickets' }])
  for (const { bytes } of told) expect(bytes).not.toMatch(/search|Finds/)
})

it('tells of many in as many entries as they need', () => {
  // Of the trail only what is asked of it: that of the tests has segments that would not hold a whole one.
  const noted: EntryDraft[] = []
  const trail = {
    note: (draft: EntryDraft) => `x.${noted.push(draft)}` as const,
    durable: house.trail.durable,
    subjectKey: () => ({ id: 'k' }),
  }
  const large = { name: 'large', digest: 'sha256:l', definition: { name: 'large', description: 'x'.repeat(3_000_000) } }
  const small = Array.from({ length: 450 }, (_, n) => ({ name: `tool-${n}`, digest: 'sha256:s', definition: { name: `tool-${n}` } }))
  new ToolRecords(trail, log).seen('tickets', [...small, large, large])
  expect(noted.map(({ fields }) => (fields.tools as readonly unknown[]).length)).toEqual([200, 200, 51, 1])
})

it('pins nothing by itself, unless a resource that is configured says so', () => {
  expect([pinModeOf(undefined), pinModeOf({}), pinModeOf({ pin: 'required' }), pinModeOf({ pin: 'first' })]).toEqual([
    ...['required', 'required', 'required', 'first'],
  ])
})
