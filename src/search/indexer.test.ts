import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryLog } from '../../test/parts/memory-log.ts'
import { SearchedLog } from '../../test/parts/searched-log.ts'
import { SEGMENT_ENTRIES, type SearchQuery, termBytes } from './index.ts'

let log: MemoryLog
let searched: SearchedLog
beforeEach(() => {
  log = new MemoryLog()
  searched = new SearchedLog(log)
})
afterEach(() => searched.remove())

/** Sessions that overlap, each with a statement that it repeats. */
function grow(sessions: number, operations = 3): void {
  const first = log.entries.length
  for (let at = 0; at < sessions; at++) {
    const name = `${first}_${at}`
    log.run(`run_${name}`)
    log.session(`ses_${name}`, `run_${name}`)
    log.intent(`ses_${name}`, [[1, 1, 1, 'prepare']], {
      statements: { 1: `select secret${name} from t${at % 7}` },
      decisions: [[1, at % 5 === 0 ? 'deny' : 'allow']],
    })
    for (let n = 2; n <= operations; n++) {
      const before = at > 0 && n === 2 ? `ses_${first}_${at - 1}` : `ses_${name}`
      log.intent(before, [[n, 1, 1]], { parameters: { [n]: `value${name}x${n} shared` } })
    }
    if (at > 0) log.close(`ses_${first}_${at - 1}`)
  }
}

const queries: SearchQuery[] = [
  {},
  { kind: 'operation.intent', decision: 'deny' },
  { object: 't3' },
  { action: 'select', decision: 'deny' },
  { text: 'shared' },
  { who: 'who-of-run_0_5' },
  { session: 'ses_0_9' },
]
const answers = async () => Promise.all(queries.map((query) => searched.found(query)))

describe('the index', () => {
  it('follows the log, and goes on after a restart where it was', async () => {
    grow(20)
    await searched.upToDate()
    await searched.restart()
    expect((await searched.index.state())?.indexed).toBe(log.entries.length)
    log.intent('ses_0_19', [[9, 1, 1]])
    const last = log.entries.length - 1
    expect(await searched.found({ session: 'ses_0_19', object: 't5' })).toContain(last)
    expect(await searched.found({ run: 'run_0_19', decision: 'allow' })).toContain(last)
    expect((await searched.check()).differences).toBe(0)
  })

  it('is written within seconds also where nobody asks', async () => {
    grow(1)
    await expect.poll(async () => (await searched.index.state())?.indexed, { timeout: 5000 }).toBe(log.entries.length)
  })

  it('waits for the log no longer than it is told to', async () => {
    grow(1)
    const started = performance.now()
    await searched.indexer.catchUp(1000, AbortSignal.timeout(50))
    expect(performance.now() - started).toBeLessThan(1000)
    expect((await searched.page({})).entries.length).toBeLessThanOrEqual(log.entries.length)
  })

  it('comes to the same by any way: at once, in pieces, over restarts, built again', async () => {
    grow(30)
    await searched.upToDate()
    await searched.restart()
    grow(10)
    await searched.upToDate()
    const one = await answers()
    const before = await searched.check()
    await searched.rebuild()
    expect(await answers()).toEqual(one)
    expect(await searched.check()).toEqual(before)
    const other = new SearchedLog(log)
    await other.upToDate()
    expect(await other.check()).toEqual(before)
    await other.remove()
    expect(before).toMatchObject({ first: 0, end: log.entries.length, differences: 0, examples: [], unreadable: 0 })
  })

  it('spans segments', { timeout: 60_000 }, async () => {
    grow(2)
    for (let n = 0; n < SEGMENT_ENTRIES + 500; n++)
      log.intent('ses_0_1', [[100 + n, 1, 1]], n % 1000 === 0 ? { parameters: { [100 + n]: 'rare' } } : {})
    const rare = log.entries.flatMap(({ index, commitments }) =>
      /^parameters\.\d{3,}$/.test(Object.keys(commitments)[0] ?? '') ? [index] : [],
    )
    expect(rare.length).toBeGreaterThan(30)
    expect(await searched.found({ text: 'rare' })).toEqual(rare)
    expect((await searched.found({ object: 't1', kind: 'operation.intent' })).length).toBe(10_000)
    expect((await searched.page({ object: 't1' }, { limit: 5 })).entries[0]).toBe(log.entries.length - 1)
    expect((await searched.check()).differences).toBe(0)
    await searched.indexer.forget(['key-of-ses_0_1'])
    expect(await searched.found({ text: 'rare' })).toEqual([])
    expect(await searched.found({ object: 't1' })).toEqual([])
  })

  it('is built anew where it is not the index of this log', async () => {
    grow(5)
    await searched.upToDate()
    await searched.stop()
    log.name = 'example.org/test/one.2'
    log.entries.splice(0)
    log.append('log.continued', {})
    await searched.restart()
    expect(await searched.found({})).toEqual([0])
    await searched.stop()
    log.entries.splice(0)
    log.append('log.closed', {})
    await searched.restart()
    expect(await searched.found({ kind: 'log.closed' })).toEqual([0])
    expect(searched.failures).toEqual([])
  })

  it.each(['', 'this is no database', 'SQLite format 3\0 but not really'])('is built anew where its file holds %j', async (content) => {
    grow(3)
    await searched.upToDate()
    const all = await answers()
    await searched.stop()
    writeFileSync(join(searched.folder, 'index.sqlite'), content)
    await searched.restart()
    expect(await answers()).toEqual(all)
  })

  it('goes on after a write failed', async () => {
    grow(3)
    await searched.upToDate()
    const { write } = searched.index
    let failing = 2
    searched.index.write = (batch, rest) => (failing-- > 0 ? Promise.reject(new Error('no room')) : write(batch, rest))
    grow(3)
    await expect.poll(() => searched.failures.length, { timeout: 5000 }).toBe(2)
    await searched.upToDate()
    expect((await searched.check()).differences).toBe(0)
  })

  it('leaves out what cannot be read, and says so', async () => {
    grow(1)
    const entry = log.intent('ses_0_0', [[7, 7, 1]], { statements: { 7: 'select lost' } })
    Object.assign(entry, {
      payloads: () => {
        throw new Error('is not what it commits to')
      },
    })
    expect(await searched.found({ text: 'lost' })).toEqual([])
    expect(await searched.found({ session: 'ses_0_0' })).toContain(entry.index)
    expect(await searched.check()).toMatchObject({ differences: 0, unreadable: 1 })
  })
})

describe('erasure', () => {
  it('takes away what payloads under a key said, and leaves everything else', async () => {
    grow(10)
    await searched.upToDate()
    log.destroyed.add('key-of-ses_0_3')
    await searched.indexer.forget(['key-of-ses_0_3'])
    expect(await searched.found({ text: 'secret0_3' })).toEqual([])
    expect(await searched.found({ session: 'ses_0_3', action: 'select' })).toEqual([])
    expect((await searched.found({ session: 'ses_0_3' })).length).toBeGreaterThan(3)
    expect((await searched.found({ text: 'secret0_4' })).length).toBe(1)
    log.intent('ses_0_3', [[8, 1, 1]])
    expect(await searched.found({ session: 'ses_0_3', action: 'select' })).toEqual([])
    expect(await searched.check()).toMatchObject({ differences: 0 })
    await searched.rebuild()
    expect(await searched.found({ text: 'secret0_3' })).toEqual([])
  })

  it('keeps a word that another key says of the same entry', async () => {
    const entry = log.append('operation.intent', { session: 'ses_x' }, [
      { name: 'a', key: 'key-a', content: 'shared alone' },
      { name: 'b', key: 'key-b', content: 'shared' },
    ])
    await searched.upToDate()
    log.destroyed.add('key-a')
    await searched.indexer.forget(['key-a', 'key-unknown'])
    expect(await searched.found({ text: 'shared' })).toEqual([entry.index])
    expect(await searched.found({ text: 'alone' })).toEqual([])
    log.destroyed.add('key-b')
    await searched.indexer.forget(['key-b'])
    expect(await searched.found({ text: 'shared' })).toEqual([])
    expect(await searched.check()).toMatchObject({ differences: 0 })
  })

  it('takes many keys at once, and says of the others what it said before', async () => {
    grow(60)
    const shared = log.append('operation.intent', { session: 'ses_x' }, [
      { name: 'a', key: 'key-of-ses_0_3', content: 'together' },
      { name: 'b', key: 'key-of-ses_0_5', content: 'together' },
      { name: 'c', key: 'key-of-ses_0_4', content: 'together' },
    ])
    await searched.upToDate()
    const gone = Array.from({ length: 30 }, (_, n) => `key-of-ses_0_${n * 2 + 1}`)
    for (const key of gone) log.destroyed.add(key)
    await searched.indexer.forget(gone)
    expect(await searched.found({ text: 'together' })).toEqual([shared.index])
    for (const n of [0, 4, 58]) expect((await searched.found({ text: `secret0_${n}` })).length).toBe(1)
    for (const n of [1, 5, 59]) expect(await searched.found({ text: `secret0_${n}` })).toEqual([])
    expect(await searched.check()).toMatchObject({ differences: 0 })
  })

  it('leaves no byte of it in any file, while what stays is there', async () => {
    grow(50)
    await searched.upToDate()
    const gone = ['secret0_43', 'value0_43x3'].map((word) => termBytes(searched.terms.of('word', word)))
    const stays = termBytes(searched.terms.of('word', 'secret0_44'))
    expect(searched.bytesOnDisk().includes('secret0_43')).toBe(false)
    for (const term of [...gone, stays]) expect(searched.bytesOnDisk().includes(term)).toBe(true)
    expect(searched.bytesOnDisk().includes('key-of-ses_0_43')).toBe(true)
    await searched.indexer.forget(['key-of-ses_0_43'])
    for (const term of gone) expect(searched.bytesOnDisk().includes(term)).toBe(false)
    expect(searched.bytesOnDisk().includes('key-of-ses_0_43')).toBe(false)
    expect(searched.bytesOnDisk().includes(stays)).toBe(true)
  })

  it('does not wait for room on the disk', async () => {
    grow(3)
    await searched.upToDate()
    const { write } = searched.index
    log.intent('ses_0_2', [[9, 9, 1]], { statements: { 9: 'select late' } })
    searched.index.write = () => Promise.reject(new Error('no room'))
    log.destroyed.add('key-of-ses_0_2')
    await searched.indexer.forget(['key-of-ses_0_2'])
    searched.index.write = write
    expect(await searched.found({ text: 'late' })).toEqual([])
    expect(await searched.found({ text: 'secret0_2' })).toEqual([])
    expect((await searched.check()).differences).toBe(0)
  })
})

describe('pruning', () => {
  it('takes away what old payloads said, but for those that are kept, and leaves their entries', async () => {
    const person = log.run('run_p', 'person')
    grow(60)
    const again = log.run('run_q', 'person')
    await searched.upToDate()
    const below = again.index + 1
    const held = 'key-of-ses_1_7'
    const kept = { keys: [held], entries: [{ index: again.index, key: 'key-of-person' }] }
    for (const entry of log.entries.slice(0, below)) {
      const { payloads } = entry
      const stays = (key: string) => key === held || (entry === again && key === 'key-of-person')
      Object.assign(entry, {
        payloads: () => payloads().map((each) => (stays(each.key as string) ? each : { ...each, content: undefined })),
      })
    }
    await searched.indexer.forgetAged({ below, kept })
    expect(await searched.found({ text: 'person' })).toEqual([again.index])
    expect(await searched.found({ text: 'secret1_8' })).toEqual([])
    expect(await searched.found({ text: 'secret1_7' })).toHaveLength(1)
    expect(await searched.found({ run: 'run_p' })).toContain(person.index)
    expect(searched.bytesOnDisk().includes(termBytes(searched.terms.of('word', 'secret1_8')))).toBe(false)
    expect(await searched.check()).toMatchObject({ differences: 0, unreadable: 0 })
    grow(3)
    await searched.indexer.forgetAged({ below, kept: { keys: [], entries: [] } })
    expect(await searched.found({ text: 'secret1_7' })).toEqual([])
  })

  it('takes away what is below, and what is left is what the log comes to', async () => {
    grow(60)
    await searched.upToDate()
    const below = 150
    const before = await answers()
    log.minimum = below
    await searched.indexer.prune(below)
    const left = before.map((found) => found.filter((index) => index >= below))
    expect(await answers()).toEqual(left)
    expect(await searched.check()).toMatchObject({ first: below, differences: 0 })
    // Sessions that began before the edge are still known by what they said there.
    await searched.rebuild()
    expect(await answers()).toEqual(left)
    expect(await searched.check()).toMatchObject({ first: below, differences: 0 })
    await searched.restart()
    grow(2)
    expect((await searched.found({})).length).toBe(log.entries.length - below)
  })

  it('leaves no byte of it', async () => {
    grow(40)
    await searched.upToDate()
    const gone = termBytes(searched.terms.of('word', 'secret0_3'))
    const stays = termBytes(searched.terms.of('word', 'secret0_39'))
    expect(searched.bytesOnDisk().includes(gone)).toBe(true)
    await searched.indexer.prune(100)
    expect(searched.bytesOnDisk().includes(gone)).toBe(false)
    expect(searched.bytesOnDisk().includes('ses_0_3"')).toBe(false)
    expect(searched.bytesOnDisk().includes(stays)).toBe(true)
  })

  it('gives room back, over whole segments', { timeout: 60_000 }, async () => {
    grow(1)
    for (let n = 0; n < SEGMENT_ENTRIES * 2; n++) log.intent('ses_0_0', [[100 + n, 1, 1]])
    await searched.upToDate()
    const size = searched.bytesOnDisk().byteLength
    log.minimum = SEGMENT_ENTRIES * 2 - 256
    await searched.indexer.prune(log.minimum)
    expect(searched.bytesOnDisk().byteLength).toBeLessThan(size / 2)
    expect((await searched.index.segments()).map(({ segment }) => segment)).toEqual([1, 2])
    expect(await searched.check()).toMatchObject({ first: log.minimum, differences: 0 })
  })

  it('that happened while nobody looked is made up for', async () => {
    grow(30)
    await searched.upToDate()
    await searched.stop()
    log.minimum = 60
    await searched.restart()
    expect((await searched.found({}))[0]).toBe(60)
    await searched.stop()
    log.minimum = log.entries.length
    log.append('pruned', {})
    log.minimum = log.entries.length
    log.append('gateway.start', {})
    await searched.restart()
    expect(await searched.found({})).toEqual([log.minimum])
    expect(searched.failures).toEqual([])
  })
})

describe('a check', () => {
  const plant = (sql: string) => {
    const file = new DatabaseSync(join(searched.folder, 'index.sqlite'))
    const { changes } = file.prepare(sql).run()
    file.close()
    expect(Number(changes)).toBeGreaterThan(0)
  }

  it.each([
    ['a term that is gone', 'DELETE FROM posting WHERE term = (SELECT term FROM posting LIMIT 1)', 'a missing term'],
    ['a term that no entry has', "INSERT INTO posting VALUES (0, x'0102030405060708', x'05')", 'a term that the entry does not have'],
    [
      'a term of other entries',
      "UPDATE posting SET positions = x'00' WHERE term = (SELECT term FROM posting WHERE positions <> x'00' LIMIT 1)",
      'a ',
    ],
    [
      'bytes that are no positions',
      "UPDATE posting SET positions = x'ff' WHERE term = (SELECT term FROM posting LIMIT 1)",
      'a term that cannot be read',
    ],
    ['no positions', "UPDATE posting SET positions = x'' WHERE term = (SELECT term FROM posting LIMIT 1)", 'a missing term'],
    ['a segment from nowhere', 'INSERT INTO segment VALUES (7, 0, 0)', 'a segment that is not in the log'],
    ['a segment without its times', 'UPDATE segment SET latest = earliest', 'a segment without its times'],
    ['another entry', "UPDATE stamps SET stamps = CAST(substr(stamps, 1, 15) || x'ff' || substr(stamps, 17) AS BLOB)", 'another entry'],
    ['no entry', 'UPDATE stamps SET stamps = CAST(zeroblob(16) || substr(stamps, 17) AS BLOB)', 'no entry'],
    ['one entry more', "UPDATE stamps SET stamps = CAST(stamps || x'01' AS BLOB)", 'an entry that is not in the log'],
    ['what could not be erased', 'DELETE FROM document WHERE "key" = \'key-of-ses_0_2\'', 'a missing erasable term'],
    [
      'what nobody could erase',
      'UPDATE document SET "key" = \'key-of-nobody\' WHERE "key" = \'key-of-ses_0_2\'',
      'a missing erasable term',
    ],
    [
      'other facts of a session',
      "UPDATE fact SET facts = replace(facts, 'postgres', 'other') WHERE subject = 'ses_0_3'",
      'other facts of a session or run that it opens',
    ],
    ['a statement that is gone', "DELETE FROM statement WHERE session = 'ses_0_9'", 'other facts of a session or run that it opens'],
  ])('finds %s', async (_what, sql, told) => {
    grow(10)
    await searched.upToDate()
    plant(sql)
    const report = await searched.check()
    expect(report.differences).toBeGreaterThan(0)
    expect(report.examples.map(({ what }) => what).join('; ')).toContain(told)
    await searched.rebuild()
    expect(await searched.check()).toMatchObject({ differences: 0 })
  })

  it('is not put off by what is written meanwhile', async () => {
    grow(10)
    await searched.upToDate()
    const looking = searched.check()
    for (let at = 0; at < 20; at++) {
      log.intent('ses_0_9', [[100 + at, 1, 1]], { decisions: [[100 + at, 'deny']] })
      await new Promise(setImmediate)
    }
    log.close('ses_0_9')
    expect(await looking).toMatchObject({ differences: 0 })
  })
})
