import { expect, it } from 'vitest'
import { checkSemantics, type Whole } from './semantics.ts'
import { type Failure, Unusable } from './verdict.ts'

type Line = readonly [kind: string, fields?: object]

/** Entries of one boot, numbered from `from`; what stands in `fields` wins. */
function judge(lines: readonly Line[], { whole = 'all' as Whole, from = 0 } = {}): string {
  const semantics = checkSemantics(whole)
  semantics.next()
  try {
    lines.forEach(([kind, fields], at) => {
      const time = `2026-11-23T21:24:14.${String(at).padStart(9, '0')}Z`
      semantics.next([from + at, { at: time, id: `7f3a9c21b0.${from + at}`, kind, ...fields }])
    })
    return semantics.next().value ?? ''
  } catch (failure) {
    if (failure instanceof Unusable) throw failure
    const { message, cause: entry } = failure as Failure
    expect(message).toContain(`entry ${entry} `)
    return message
  }
}

const session = 'ses_1'
const run = 'run_1'
const START: Line = ['run.start', { run }]
const OPEN: Line = ['session.open', { run, session }]
const intent = (...numbers: number[]): Line => [
  'operation.intent',
  { session, ops: numbers.map((n) => [n, 1, 1]), decisions: [[1, 'allow', [], 'p']] },
]
const outcome = (...numbers: number[]): Line => ['operation.outcome', { session, outcomes: numbers.map((n) => [n, 'ok', 0, 0, 1]) }]
const gap = (first: number, last: number): Line => ['gap', { session, first, last, reason: 'GS_TRAIL_FULL' }]
const CLOSE: Line = ['session.close', { session, reason: 'client' }]
const end = (last: number, allow: number, fields = {}): Line => [
  'run.end',
  { run, first: 0, last, decisions: { allow, ask: 0, deny: 0 }, ...fields },
]
const ok = /^\d+ boots, /

it('says nothing against a run as it should be, and counts it', () => {
  const lines = [START, OPEN, intent(1, 2), outcome(2), intent(3), outcome(1, 3), CLOSE, end(6, 3)]
  expect(judge(lines)).toBe('1 boots, 1 runs, 1 sessions, 3 operations, 0 gaps, 0 erasures are told of; 0 sessions still open')
  expect(judge(lines, { whole: 'run' })).toMatch(ok)
  expect(judge(lines.slice(0, -3))).toContain('1 sessions still open')
})

const id = 'apr_1'
const approval = (what: string, fields = {}): Line => [`approval.${what}`, { approval: id, run, ...fields }]
const ASKED = approval('asked')
const YES = approval('decided', { verdict: 'approve', complete: true })
const USED = approval('used', { session })
const asking = (n: number, by?: string, form = 'query'): Line => [
  'operation.intent',
  { session, ops: [[n, 1, 1, form]], decisions: [[1, 'ask', ['r'], 'p']], ...(by && { approval: by }) },
]
const told = (n: number, status: string): Line => ['operation.outcome', { session, outcomes: [[n, status, 0, 0, 1]] }]

it('holds what models used against what the run says of it', () => {
  const used = (n: number, input: number, output: number): Line => {
    const [kind, fields] = outcome(n)
    return [kind, { ...(fields as object), usage: [[n, input, output, 0, 250, 'USD']] }]
  }
  const lines = [START, OPEN, intent(1, 2), used(1, 70, 30), used(2, 5, 1), CLOSE]
  const usage = { calls: 2, inputTokens: 75, outputTokens: 31, cachedTokens: 0, money: [[500, 'USD']] }
  expect(judge([...lines, end(5, 2, { usage })])).toMatch(ok)
  expect(judge([...lines, end(5, 2, { usage: { ...usage, outputTokens: 30 } })])).toContain('does not say what its run has')
  expect(judge([...lines, end(5, 2)])).toContain('does not say what its run has')
  const early: Line = ['operation.outcome', { session, outcomes: [], usage: [[1, 70, 30, 0]] }]
  expect(judge([START, OPEN, intent(1), early])).toContain('says what was used by 1, which goes on')
})

it('says nothing against what was asked, approved, used once and carried out; nor against what came to nothing', () => {
  const lines = [START, OPEN, ASKED, YES, USED, asking(1, id), asking(2, id), told(1, 'completed'), told(2, 'failed')]
  expect(judge(lines)).toMatch(ok)
  expect(judge(lines, { whole: 'run' })).toMatch(ok)
  expect(judge([OPEN, USED, asking(1, id), told(1, 'completed'), CLOSE], { whole: 'session' })).toMatch(ok)
  expect(judge([OPEN, asking(1, id)], { whole: 'none' })).toMatch(ok)
  expect(judge([START, OPEN, ASKED, asking(1), told(1, 'refused'), asking(2), told(2, 'unknown')])).toMatch(ok)
  expect(judge([START, OPEN, asking(1, undefined, 'prepare'), told(1, 'completed')])).toMatch(ok)
  expect(judge([START, OPEN, ASKED, YES, USED, asking(1, id), told(1, 'completed'), approval('ended', { state: 'used' })])).toMatch(ok)
  // It was about to be asked when the gateway was killed.
  expect(judge([START, OPEN, approval('ended', { state: 'withdrawn', why: 'interrupted' })])).toMatch(ok)
  // Of a log whose beginning is not there, nobody knows what was asked.
  expect(judge([YES, USED], { from: 90 })).toMatch(ok)
})

it.each<[string, readonly Line[], string]>([
  ['what was carried out without', [START, OPEN, asking(1), told(1, 'completed')], 'entry 3 says that operation 1 was carried out'],
  ['what failed without', [START, OPEN, ASKED, YES, asking(1), told(1, 'failed')], 'entry 5 says that operation 1 was carried out'],
  ['one that was not used', [START, OPEN, ASKED, YES, asking(1, id)], 'entry 4 has operations under "apr_1"'],
  [
    'one that another session used',
    [START, OPEN, ASKED, YES, approval('used', { session: 'ses_2' }), asking(1, id)],
    'entry 5 has operations',
  ],
  [
    'one that was used for something else',
    [START, OPEN, ASKED, YES, USED, asking(1, id), asking(2), asking(3, id)],
    'entry 7 has operations under "apr_1"',
  ],
  ['a use of what was only asked', [START, OPEN, ASKED, USED], 'entry 3 uses "apr_1", which is not approved'],
  [
    'a use where one more yes was needed',
    [START, OPEN, ASKED, approval('decided', { verdict: 'approve', complete: false }), USED],
    'entry 4 uses',
  ],
  ['a use of what was denied', [START, OPEN, ASKED, YES, approval('decided', { verdict: 'deny' }), USED], 'entry 5 uses'],
  ['a use of what had ended', [START, OPEN, ASKED, YES, approval('ended', { state: 'expired' }), USED], 'entry 5 uses'],
  ['a second use', [START, OPEN, ASKED, YES, USED, USED], 'entry 5 uses'],
  ['a yes behind the end', [START, OPEN, ASKED, approval('ended'), YES, USED], 'entry 5 uses'],
  ['a yes to what nobody asked', [START, OPEN, YES], 'entry 2 is of "apr_1", which was not asked before'],
  ['a use of what nobody asked', [START, OPEN, approval('ended'), USED], 'entry 3 uses'],
  ['what is asked twice', [START, ASKED, ASKED], 'entry 2 is of "apr_1", which was asked before'],
])('finds an approval that is missing or no good: %s', (_, lines, why) => {
  expect(judge(lines)).toContain(why)
})

it.each<[string, readonly Line[], string]>([
  ['an intent without outcome', [START, OPEN, intent(1), CLOSE], 'entry 2 has operation 1, which has no outcome'],
  ['an outcome without intent', [START, OPEN, outcome(1), CLOSE], 'entry 2 has an outcome of operation 1, which has no open intent'],
  [
    'what was masked of another operation',
    [
      START,
      OPEN,
      intent(1, 2),
      outcome(2),
      ['operation.outcome', { session, outcomes: [[1, 'ok', 0, 0, 1]], masked: [[2, 'm', 'c', 1]] }],
      CLOSE,
    ],
    'entry 4 says what was masked of 2, which goes on',
  ],
  ['a second outcome', [START, OPEN, intent(1), outcome(1), outcome(1), CLOSE], 'entry 4 has an outcome of operation 1'],
  [
    'a hole in the operations',
    [START, OPEN, intent(1), outcome(1), intent(3), outcome(3), CLOSE],
    'entry 4 stands behind a hole: 1 operations are missing',
  ],
  [
    'an outcome for a hole',
    [START, OPEN, intent(2), outcome(1), outcome(2), CLOSE],
    'entry 2 stands behind a hole: 1 operations are missing',
  ],
  ['an operation twice', [START, OPEN, intent(1), intent(1), outcome(1), CLOSE], 'entry 3 has operation 1 where 2 belongs'],
  ['an operation numbered 0', [START, OPEN, intent(0)], 'entry 2 has operation 0 where 1 belongs'],
  [
    'a number that is none',
    [START, OPEN, ['operation.intent', { session, ops: [['1', 1, 1]], decisions: [[1, 'allow']] }]],
    'entry 2 has operation "1" where 1 belongs',
  ],
  [
    'a leap over more than there can be',
    [START, OPEN, intent(2 ** 50), outcome(2 ** 50), CLOSE],
    'entry 2 stands behind a hole: 1125899906842623',
  ],
  [
    'a decision that nobody said',
    [START, OPEN, ['operation.intent', { session, ops: [[1, 1, 7]] }]],
    'entry 2 has operation 1 with a decision that was not said',
  ],
  ['an operation before its session', [START, intent(1)], 'entry 1 is of ses_1, which has not begun'],
  ['an operation after its session', [START, OPEN, CLOSE, intent(1)], 'entry 3 is of ses_1, which is over'],
  ['a session that opens twice', [START, OPEN, OPEN], 'entry 2 begins ses_1 again'],
  ['a session that opens again', [START, OPEN, CLOSE, OPEN], 'entry 3 is of ses_1, which is over'],
  ['a session before its run', [OPEN], 'entry 0 is of run_1, which has not begun'],
  ['a run that starts twice', [START, START], 'entry 1 begins run_1 again'],
  ['a run that starts again', [START, end(0, 0), START], 'entry 2 is of run_1, which is over'],
  ['a session after its run', [START, end(0, 0), OPEN], 'entry 2 is of run_1, which is over'],
  ['an operation after its run', [START, OPEN, end(1, 0), intent(1)], 'entry 3 is of run_1, which is over'],
  ['a run.end with another beginning', [START, OPEN, CLOSE, end(2, 0, { first: 1 })], 'entry 3 does not say what its run has'],
  ['a run.end with another end', [START, OPEN, CLOSE, end(1, 0)], 'entry 3 does not say what its run has'],
  ['a run.end with other counts', [START, OPEN, intent(1), outcome(1), CLOSE, end(4, 2)], 'entry 5 does not say what its run has'],
  ['a run.end without counts', [START, ['run.end', { run, first: 0, last: 0 }]], 'entry 1 does not say what its run has'],
  ['no kind', [['', { kind: 7 }]], 'entry 0 has no id, time or kind'],
  ['an id of another form', [['gateway.start', { id: '7F3A9C21B0.0' }]], 'entry 0 has no id, time or kind'],
  ['a time without nanoseconds', [['gateway.start', { at: '2026-11-23T21:24:14.123Z' }]], 'entry 0 has no id, time or kind'],
  ['time that goes back', [['a'], ['b', { at: '2026-11-23T21:24:13.999999999Z' }]], 'entry 1 is earlier than one before it'],
  ['a counter twice', [['a'], ['b', { id: '7f3a9c21b0.0' }]], 'entry 1 has counter 0 where 1 belongs'],
  [
    'a hole in the counter',
    [['a'], ['b', { id: '7f3a9c21b0.2' }], ['c', { id: '7f3a9c21b0.3' }]],
    'entry 1 stands behind a hole: 1 entries are missing',
  ],
  ['a log that does not begin at 0', [['a', { id: '7f3a9c21b0.1' }]], 'entry 0 stands behind a hole'],
  ['a boot that does not begin at 0', [['a'], ['b', { id: '0000000001.1' }]], 'entry 1 stands behind a hole'],
  [
    'a boot that comes back',
    [['a'], ['b', { id: '0000000001.0' }], ['c', { id: '7f3a9c21b0.1' }]],
    'entry 2 is of 7f3a9c21b0, which is over',
  ],
])('finds %s', (_, lines, says) => {
  expect(judge(lines)).toContain(says)
})

it('names the first entry that is bad, even where a later one shows it', () => {
  expect(judge([START, OPEN, intent(1, 2), outcome(2), outcome(2), CLOSE])).toContain('entry 2 has operation 1')
})

it('lets a gap account for operations that have no intent, wherever it stands', () => {
  expect(judge([START, OPEN, intent(1), outcome(1), gap(2, 3), intent(4), outcome(4), CLOSE])).toContain('1 gaps')
  expect(judge([START, OPEN, intent(1), outcome(1), intent(4), gap(2, 3), outcome(4), CLOSE])).toMatch(ok)
  // One of several entries could not be written: what the others say was refused all the same.
  expect(judge([START, OPEN, intent(3, 4), gap(1, 4), CLOSE])).toMatch(ok)
  expect(judge([START, OPEN, gap(1, 2), CLOSE])).toMatch(ok)
  expect(judge([START, OPEN, gap(1, 2), intent(2)])).toContain('entry 3 has operation 2 where 3 belongs')
  expect(judge([START, OPEN, gap(3, 4), CLOSE])).toContain('entry 2 stands behind a hole: 2 operations are missing')
  expect(judge([START, OPEN, intent(1), outcome(1), gap(1, 1), CLOSE])).toContain(
    'entry 4 excuses operations from 1 to 1, of which some have ended',
  )
  expect(judge([START, OPEN, gap(1, 2 ** 53 - 2), intent(1)])).toContain('entry 3 has operation 1')
  expect(judge([START, OPEN, ['gap', { session, first: '1', last: 2 }]])).toContain('entry 2 is a gap of no operations')
  expect(judge([START, OPEN, gap(2, 1)])).toContain('entry 2 is a gap of no operations')
})

it('lets a gap account for as many entries as a full disk cost, before or behind the hole', () => {
  const full = (entries: number, id: number): Line => ['gap', { reason: 'GS_TRAIL_FULL', entries, id: `7f3a9c21b0.${id}` }]
  const plain = (id: number): Line => ['a', { id: `7f3a9c21b0.${id}` }]
  expect(judge([plain(0), plain(3), full(2, 4)])).toMatch(ok)
  expect(judge([plain(0), full(2, 1), plain(4)])).toMatch(ok)
  expect(judge([plain(0), plain(3), full(1, 4)])).toContain('entry 1 stands behind a hole: 1 entries are missing')
  expect(judge([plain(0), plain(3), full(2, 4), plain(6)])).toContain('entry 3 stands behind a hole')
  expect(judge([plain(0), ['gap', { reason: 'GS_TRAIL_ENTRY', of: 'operation.intent' }], plain(2)])).toMatch(ok)
})

it('does not ask of a stretch what stands before it', () => {
  const lines = [intent(7), outcome(3, 7), CLOSE, ['session.killed', { session, run }], end(90, 4), OPEN] as const
  expect(judge(lines.slice(0, 5), { from: 90 })).toMatch(ok)
  expect(judge(lines, { from: 90 })).toContain('entry 95')
  expect(judge([CLOSE, intent(8)], { from: 90 })).toContain('entry 91 is of ses_1, which is over')
  expect(judge([['log.continued'], CLOSE, ['session.open', { run, session: 'ses_2' }]])).toMatch(ok)
  expect(judge([['a'], ['b', { id: '7f3a9c21b0.93' }]], { whole: 'run', from: 90 })).toMatch(ok)
})

it('lets those name a run that are not of it', () => {
  const about: Line[] = [
    ['log.read', { run, session }],
    ['log.exported', { run }],
    ['erased', { run, session }],
    ['hold.placed', { run }],
    ['signin.refused', { run }],
    ['connector.stream.end', { session }],
  ]
  expect(judge([START, OPEN, ['log.read', { run }], ['connector.stream', { session }], CLOSE, end(4, 0), ...about])).toContain('1 erasures')
  expect(judge([START, OPEN, CLOSE, ['session.killed', { session, run }], end(3, 0)])).toMatch(ok)
})

it('takes hostile fields for what they are', () => {
  const hostile = [
    { session: { toString: 1 }, ops: 7 },
    { session: '__proto__', run: 'constructor', ops: [[1]] },
    {
      session: 'x'.repeat(10_000),
      run: [],
      decisions: [
        ['__proto__', 'allow'],
        [1, 'toString'],
      ],
      ops: [null, [], {}],
    },
    JSON.parse('{"__proto__":{"session":"ses_1","kind":"run.start"}}'),
  ]
  for (const kind of [
    'run.start',
    'session.open',
    'operation.intent',
    'operation.outcome',
    'gap',
    'session.close',
    'run.end',
    'constructor',
  ]) {
    for (const fields of hostile) judge([['a'], [kind, fields], [kind, fields]])
  }
  expect(({} as { session?: string }).session).toBeUndefined()
})

it('holds no more than a gateway can have open', () => {
  const many = (count: number) => {
    const semantics = checkSemantics('all')
    semantics.next()
    const at = '2026-11-23T21:24:14.000000000Z'
    for (let n = 0; n < count; n++) semantics.next([n, { at, id: `7f3a9c21b0.${n}`, kind: 'session.open', session: `ses_${n}` }])
  }
  many(1 << 19)
  expect(() => many((1 << 20) + 1)).toThrow(Unusable)
  const operations = checkSemantics('all')
  operations.next()
  const at = '2026-11-23T21:24:14.000000000Z'
  operations.next([0, { at, id: '7f3a9c21b0.0', kind: 'session.open', session }])
  const open = (n: number) =>
    operations.next([
      n,
      {
        at,
        id: `7f3a9c21b0.${n}`,
        kind: 'operation.intent',
        session,
        ops: Array.from({ length: 6000 }, (_, op) => [(n - 1) * 6000 + op + 1, 1, 1]),
        decisions: [[1, 'allow']],
      },
    ])
  for (let n = 1; n <= 150; n++) open(n)
  expect(() => {
    for (let n = 151; n < 180; n++) open(n)
  }).toThrow(Unusable)
}, 60_000)

const bgl = 'bgl_1'
const ada = { pseudonym: 'p-ada' }
const grace = { pseudonym: 'p-grace' }
const glass = (what: string, fields = {}): Line => [`breakglass.${what}`, { breakGlass: bgl, who: ada, resources: ['orders'], ...fields }]
const asked = (fields = {}) => glass('requested', { minutes: 30, ...fields })
const broken = (fields = {}) =>
  glass('opened', { minutes: 30, confirmedBy: { pseudonym: 'p-bob' }, until: '2026-11-23T21:54:14.000Z', ...fields })
const under = (fields = {}): Line => ['session.open', { run, session, who: ada, resource: 'orders', breakGlass: bgl, ...fields }]
const overruled = (effect: string, fields = {}): Line => [
  'operation.intent',
  { session, ops: [[1, 1, 1, 'query']], decisions: [[1, effect, ['r'], 'p']], breakGlass: bgl, ...fields },
]

it('takes it that what rules deny or ask about was carried out under break-glass, while that was open for it', () => {
  for (const effect of ['deny', 'ask']) {
    const lines = [asked(), broken(), START, under(), overruled(effect), told(1, 'completed'), glass('closed')]
    expect(judge(lines)).toMatch(ok)
    // A part of a log does not say what was open.
    for (const from of [1, 2]) expect(judge(lines.slice(from), { from })).toMatch(ok)
    expect(judge(lines.slice(2, -1), { whole: 'run' })).toMatch(ok)
  }
})

it.each<[string, readonly Line[]]>([
  ['nobody opened it', [START, under()]],
  ['it was only asked for', [asked(), START, under()]],
  ['it is over', [asked(), broken(), glass('closed'), START, under()]],
  ['it is over by the time of the operation', [asked(), broken(), START, under(), glass('closed'), overruled('deny')]],
  [
    'its time is over, though nobody closed it',
    [asked(), broken(), START, under(), overruled('deny', { at: '2026-11-23T21:54:17.000000000Z' })],
  ],
  ['it is for somebody else', [asked({ who: grace }), broken({ who: grace }), START, under()]],
  ['it is for a job of that name', [asked({ who: { ...ada, kind: 'job' } }), broken({ who: { ...ada, kind: 'job' } }), START, under()]],
  ['it is for another resource', [asked({ resources: ['stock'] }), broken({ resources: ['stock'] }), START, under()]],
])('finds operations under break-glass where %s', (_, lines) => {
  expect(judge(lines)).toMatch(/is under "bgl_1", which is not open for it/)
})

it('finds operations under break-glass in a session that was not opened under it, also where nothing else is known', () => {
  const lines = [START, under({ breakGlass: undefined }), overruled('deny')]
  for (const whole of ['run', 'session'] as const) expect(judge(lines, { whole })).toContain('is not open for it')
  expect(judge([asked(), broken(), ...lines])).toContain('entry 4 is under "bgl_1", which is not open for it')
})

const over = (what: string) => glass(what, what === 'reviewed' ? { reviewedBy: { pseudonym: 'p-cy' } } : {})

it.each<[string, readonly Line[]]>([
  ['nobody asked for', [broken()]],
  ['was opened again', [asked(), broken(), glass('closed'), broken()]],
  ['was opened once it was denied', [asked(), over('ended'), broken()]],
  ['whom it is for opened', [asked(), broken({ confirmedBy: ada })]],
  ['nobody confirmed', [asked(), broken({ confirmedBy: undefined })]],
  ['is reviewed', [asked(), broken(), over('reviewed')]],
  ['is open for nobody knows how long', [asked(), broken({ minutes: undefined })]],
  ['somebody widened', [asked(), broken(), glass('widened')]],
])('takes no operations under break-glass that %s', (_, lines) => {
  expect(judge([...lines, START, under()])).toContain(`entry ${lines.length + 1} is under "bgl_1", which is not open for it`)
})

it('takes none under break-glass that is said to be open for longer than an hour, an hour later', () => {
  const before = [asked({ minutes: 600 }), broken({ minutes: 600 }), START, under()]
  expect(judge([...before, overruled('deny', { at: '2026-11-23T22:24:17.000000000Z' })])).toContain('which is not open for it')
  expect(judge([...before, overruled('deny', { at: '2026-11-23T22:24:13.000000000Z' })])).toMatch(ok)
})

it('says nothing against break-glass that nobody confirmed, that a crash kept from being opened, or whose end it had told twice', () => {
  expect(judge([asked(), over('ended'), over('ended')])).toMatch(ok)
  expect(judge([asked(), glass('closed'), over('reviewed')])).toMatch(ok)
  expect(judge([asked(), broken(), glass('closed'), glass('closed'), over('reviewed'), over('reviewed')])).toMatch(ok)
})

it('takes it that the time of a log stands still while a clock that went back catches up', () => {
  const lines = [asked(), broken({ until: '2026-11-23T20:54:14.000Z' }), START, under(), overruled('deny'), told(1, 'completed')]
  expect(judge(lines)).toMatch(ok)
})

it('finds what rules deny and was carried out all the same', () => {
  const denied = (fields: object) => [START, OPEN, overruled('deny', { breakGlass: undefined, ...fields })]
  expect(judge([...denied({}), told(1, 'refused')])).toMatch(ok)
  expect(judge([...denied({}), told(1, 'completed')])).toContain('was carried out, without an approval or break-glass')
})

const RECORDED: Line = ['session.open', { run, session, recording: { key: 'k' } }]
const segment = (n: unknown): Line => ['recording.segment', { session, segment: n }]
const lost = (n: number): Line => ['gap', { session, segment: n, reason: 'recording' }]
const closed = (fields: object): Line => ['session.close', { session, reason: 'client', ...fields }]

it('says nothing against segments without a hole, or whose absence is told; nor against a session that nobody closed', () => {
  expect(judge([START, RECORDED, segment(1), segment(2), closed({ segments: 2 })])).toMatch(ok)
  expect(judge([START, RECORDED, segment(1), lost(2), segment(3), closed({ segments: 3 })])).toMatch(ok)
  expect(judge([START, RECORDED, segment(1), closed({ reason: 'unknown' })])).toMatch(ok)
  expect(judge([START, RECORDED, closed({ segments: 0 })])).toMatch(ok)
})

it.each([
  [[START, RECORDED, segment(2)], 'has segment 2, out of order'],
  [[START, RECORDED, segment(1), segment(1)], 'has segment 1, out of order'],
  [[START, RECORDED, segment('1')], 'has segment "1", out of order'],
  [[START, RECORDED, segment(1), closed({ segments: 2 })], 'says that it has 2 segments, where 1 are told of'],
  [[START, RECORDED, segment(1), closed({})], 'says that it has undefined segments, where 1 are told of'],
  [[START, OPEN, CLOSE, segment(1)], `is of ${session}, which is over`],
] as const)('finds segments that are missing without a gap, or out of place (%#)', (lines, says) => {
  expect(judge(lines)).toContain(says)
})
