import { afterAll, expect, it } from 'vitest'
import { Unusable } from '../../src/verify/verdict.ts'
import { type BundleOptions, bundleMembers, type Members, tar } from './naive-bundle.ts'
import { NaiveEntries } from './naive-entries.ts'
import { witnessKey } from './naive-keys.ts'
import { NaiveLog } from './naive-log.ts'
import { policyOf, said, type Terms, Workplace } from './verdicts.ts'

const place = new Workplace()
afterAll(() => place.remove())

const made = NaiveEntries.of(1000)
const log = new NaiveLog(made.entries)
const trust = log.key
const parsed = made.entries.map((entry) => JSON.parse(String(entry)) as { kind: string; run?: string; session?: string; at: string })
const all = [...parsed.keys()]
const { payloads } = made

/** A run in the middle of the log, and its entries. */
const { run } = parsed[parsed.findIndex(({ kind }, at) => at > 300 && kind === 'run.start')] as { run: string }
const sessions = new Set(parsed.filter((entry) => entry.run === run && entry.session).map(({ session }) => session))
const ofRun = all.filter((at) => parsed[at]?.run === run || sessions.has(parsed[at]?.session))
const [session] = [...sessions] as [string]
const ofSession = all.filter((at) => parsed[at]?.session === session)

const judge = (members: Members, terms: Partial<Terms> = {}) => said(place.file(tar(members)), { trust, ...terms })
const bundle = (indexes: readonly number[], options?: BundleOptions) => bundleMembers(log, indexes, options)
/** The members, with one of them changed. */
const replace = (members: Members, name: string, change: (content: Buffer) => Buffer | string): Members =>
  members.map(([each, content]) => [each, each === name ? Buffer.from(change(content)) : content])

it('verifies a whole log with its payloads', () => {
  expect(judge(bundle(all, { payloads }), { kept: log.checkpoint(300) })).toEqual({
    exit: 0,
    ...{ failed: {}, entries: {}, skipped: [] },
    passed: ['signature', 'append-only', 'inclusion', 'complete', 'witnessed', 'semantic', 'payload'],
  })
})

it.each<[string, readonly number[], object]>([
  ['a run', ofRun, { run }],
  ['a session', ofSession, { session }],
  ['a stretch', all.slice(300, 700), { range: [300, 700] }],
  ['a stretch of time', all.slice(300, 700), { from: parsed[300]?.at, to: parsed[699]?.at }],
  ['the first entry', [0], { range: [0, 1] }],
  ['the last entry', [999], { range: [999, 1000] }],
  ['no entry', [], { range: [0, 0] }],
])('verifies %s', (_, indexes, scope) => {
  expect(judge(bundle(indexes, { scope, payloads }))).toMatchObject({ exit: 0, failed: {} })
})

it('verifies what is scattered over the log', () => {
  expect(judge(bundle([3, 300, 999], { scope: { from: parsed[0]?.at, to: parsed[999]?.at } }))).toMatchObject({ exit: 0 })
})

it('says that it cannot compare with a kept checkpoint where the tiles for it are not there', () => {
  expect(judge(bundle(ofRun, { scope: { run } }), { kept: log.checkpoint(1000) }).exit).toBe(0)
  expect(judge(bundle([999]), { kept: log.checkpoint(300) })).toMatchObject({
    exit: 11,
    failed: { 'append-only': 'entries 256 to 511: tile/0/001 is missing' },
  })
  expect(judge(bundle([999]), { kept: new NaiveLog(NaiveEntries.of(1001).entries, trust).checkpoint() }).exit).toBe(11)
})

it('sees an entry that is not the one in the tree, and an index that is not its own', () => {
  const members = bundle(all)
  const lines = String(members.find(([name]) => name === 'entries')?.[1])
  expect(judge(replace(members, 'entries', () => lines.replace(/\n471 \{/, '\n471  {')))).toMatchObject({
    exit: 12,
    entries: { inclusion: 471 },
  })
  expect(judge(replace(members, 'entries', () => lines.replace('\n999 {', '\n1000 {')))).toMatchObject({
    exit: 12,
    failed: { inclusion: 'entry 1000 is not covered by the checkpoint' },
  })
  expect(judge(replace(members, 'entries', () => `${lines}${2 ** 49} {}\n`))).toMatchObject({ exit: 12 })
})

const withLines = (change: (lines: string[]) => string[], options?: BundleOptions) =>
  judge(replace(bundle(all, options), 'entries', (content) => `${change(String(content).split('\n').slice(0, -1)).join('\n')}\n`))

it('sees entries that are dropped, repeated, out of order or cut', () => {
  expect(withLines((lines) => lines.toSpliced(471, 1))).toMatchObject({
    exit: 13,
    failed: { complete: 'entry 472 stands where 471 belongs' },
    entries: { complete: 471 },
  })
  expect(withLines((lines) => lines.toSpliced(471, 0, lines[471] as string))).toMatchObject({ exit: 13, entries: { complete: 471 } })
  expect(withLines((lines) => lines.toSpliced(471, 2, lines[472] as string, lines[471] as string))).toMatchObject({
    exit: 13,
    entries: { complete: 471 },
  })
  expect(withLines((lines) => lines.slice(0, 900))).toMatchObject({ exit: 13, failed: { complete: 'entries 900 to 999 are missing' } })
  expect(withLines((lines) => lines.slice(100))).toMatchObject({ exit: 13, failed: { complete: 'entry 100 stands where 0 belongs' } })
})

it('sees a dropped entry of a run even where the count was changed with it', () => {
  for (const drop of [0, 1, 2, 5, ofRun.length - 1]) {
    const fewer = ofRun.toSpliced(drop, 1)
    const { exit } = judge(bundle(fewer, { scope: { run } }))
    // Without its end, a run may still be live.
    expect(exit, `without ${parsed[ofRun[drop] as number]?.kind}`).toBe(drop === ofRun.length - 1 ? 0 : 15)
  }
  expect(judge(bundle(ofRun.slice(1), { scope: { run }, says: { entries: ofRun.length } }))).toMatchObject({ exit: 13 })
})

it('sees entries that are not of what the bundle says it holds', () => {
  expect(judge(bundle(ofRun, { scope: { run: 'run_other' } }))).toMatchObject({ exit: 13, entries: { complete: ofRun[0] } })
  expect(judge(bundle(ofSession, { scope: { session: 'ses_other' } }))).toMatchObject({ exit: 13 })
  expect(judge(bundle([...ofRun, 999], { scope: { run } }))).toMatchObject({ exit: 13, entries: { complete: 999 } })
  expect(judge(bundle(all.slice(300, 700), { scope: { from: parsed[301]?.at, to: '2027-01-01T00:00:00Z' } }))).toMatchObject({
    exit: 13,
    entries: { complete: 300 },
  })
})

const payloadLines = (change: (lines: Record<string, unknown>[]) => unknown[]) =>
  judge(
    replace(bundle(all, { payloads }), 'payloads', (content) =>
      change(
        String(content)
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line)),
      )
        .map((line) => `${JSON.stringify(line)}\n`)
        .join(''),
    ),
  )

it('holds payloads against what their entries commit to', () => {
  const eleventh = payloads[10]?.entry
  const at10 = (change: object) => payloadLines((lines) => lines.with(10, { ...lines[10], ...change }))
  expect(at10({ content: Buffer.from('other').toString('base64') })).toMatchObject({ exit: 16, entries: { payload: eleventh } })
  expect(at10({ salt: Buffer.alloc(32).toString('base64url') })).toMatchObject({ exit: 16 })
  expect(at10({ salt: Buffer.alloc(31).toString('base64url') })).toMatchObject({ exit: 16 })
  for (const name of ['statement.9', 'constructor', '__proto__', 7]) expect(at10({ name })).toMatchObject({ exit: 16 })
  expect(at10({ entry: 0 })).toMatchObject({
    exit: 16,
    failed: { payload: 'payloads are out of order, or of an entry that is not here' },
  })
  expect(payloadLines((lines) => [lines[1], lines[0], ...lines.slice(2)]).exit).toBe(payloads[0]?.entry === payloads[1]?.entry ? 0 : 16)
  // What salt and content are together, they are only in one way.
  const { salt, content } = payloads[10] as { salt: Buffer; content: Buffer }
  const both = Buffer.concat([salt, content])
  expect(at10({ salt: both.subarray(0, 33).toString('base64url'), content: both.subarray(33).toString('base64') })).toMatchObject({
    exit: 16,
  })
  expect(() => at10({ content: 'a' })).toThrow('not in canonical base64')
  expect(() => at10({ salt: salt.toString('base64') })).toThrow(/canonical base64url/)
})

it('counts what is erased, and holds nothing against what is not disclosed', () => {
  expect(
    payloadLines((lines) => lines.map(({ entry, name }, at) => (at % 2 === 0 ? lines[at] : { entry, name, erased: true }))),
  ).toMatchObject({ exit: 0 })
  expect(payloadLines((lines) => lines.filter((_, at) => at % 3 === 0))).toMatchObject({ exit: 0 })
})

it('has no member that does not belong in it, and needs those that it has', () => {
  const members = bundle(ofRun, { scope: { run } })
  expect(() => judge([...members, ['../../etc/passwd', Buffer.from('x')]])).toThrow(Unusable)
  for (const [name] of members) {
    const without = members.filter(([each]) => each !== name)
    if (name.startsWith('tile/')) expect(judge(without), name).toMatchObject({ exit: 12 })
    else expect(() => judge(without), name).toThrow(Unusable)
  }
})

it('has no more witnesses than signed', () => {
  const witness = witnessKey('witness.example')
  const policy = policyOf(trust, [witness], 'quorum W1')
  expect(judge(bundle(all), { trust: policy })).toMatchObject({ exit: 14 })
  expect(judge(bundle(all, { checkpoint: log.checkpoint(1000, [witness]) }), { trust: policy })).toMatchObject({ exit: 0 })
})

it.each<[string, object | string]>([
  ['another format', { gatescribe: 'something' }],
  ['another version', { version: 2 }],
  ['the version as a text', { version: '1' }],
  ['another origin', { origin: 'other' }],
  ['another size', { size: 999 }],
  ['no count', { entries: null }],
  ['a negative count', { entries: -1 }],
  ['a range that is none', { range: ['0', 1000] }],
  ['a range of one number', { range: [0] }],
  ['a scope that is none', { scope: {} }],
  ['a scope with times that are none', { scope: { from: 'yesterday', to: 'now' } }],
  ['another range than its scope', { scope: { range: [0, 999] } }],
  ['no object', '[]'],
  ['no JSON', '{"gatescribe":"trail-bundle"'],
  ['a byte order mark', '\ufeff{}'],
])('refuses a bundle.json with %s', (_, says) => {
  const members = typeof says === 'string' ? replace(bundle(all), 'bundle.json', () => says) : bundle(all, { says })
  expect(() => judge(members)).toThrow(Unusable)
})

it.each([
  ['no index', (text: string) => text.replace('\n5 {', '\n{')],
  ['a leading zero', (text: string) => text.replace('\n5 {', '\n05 {')],
  ['a sign', (text: string) => text.replace('\n5 {', '\n+5 {')],
  ['an index without end', (text: string) => text.replace('\n5 {', `\n${'5'.repeat(30)} {`)],
  ['CRLF', (text: string) => text.replaceAll('\n', '\r\n')],
  ['an empty line', (text: string) => text.replace('\n5 {', '\n\n5 {')],
  ['its last line cut off', (text: string) => text.slice(0, -1)],
  ['a line longer than an entry can be', (text: string) => text.replace('\n5 {', `\n5 {${'x'.repeat(70_000)}`)],
])('refuses lines of entries with %s', (_, change) => {
  const outcome = () => judge(replace(bundle(all), 'entries', (content) => change(String(content))))
  let exit = 3
  try {
    exit = outcome().exit
  } catch (error) {
    expect(error).toBeInstanceOf(Unusable)
  }
  expect([3, 12]).toContain(exit)
})
