import { PassThrough, Writable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TranscriptLine } from '../../api/local/index.ts'
import type { Beat } from './beat.ts'
import { beats, type Manner } from './beats.ts'
import { type Keys, keysOf, noKeys } from './keys.ts'
import { placeOf } from './place.ts'
import { type PlayOptions, play } from './player.ts'
import { PostgresScreen } from './shown-postgres.ts'

const never = new AbortController().signal
const SESSION: TranscriptLine = {
  session: {
    ...{ id: 'ses_one', run: 'run_one', resource: 'orders-db', protocol: 'postgres', who: 'p', kind: 'job', state: 'ended' },
    ...{ openedAt: '2026-11-27T12:00:00.000000000Z', opened: 1, tls: true, recording: 'recorded' },
  },
}
const operation = (n: number, text: string, over: object = {}): TranscriptLine => ({
  operation: {
    ...{ n, entry: n, at: `2026-11-27T12:00:0${n}.000000000Z`, form: 'query', statement: n, text },
    ...{ effect: 'allow', rules: ['reports-may'], policy: 'sha256:00', ...over },
  },
})
const outcome = (n: number, over: object = {}): TranscriptLine => ({
  outcome: { ...{ n, entry: n, at: `2026-11-27T12:00:0${n}.500000000Z`, status: 'completed', rows: 1, bytes: 10, us: 1500 }, ...over },
})
const segment = (events: [number, string, ...unknown[]][], over: object = {}): TranscriptLine => ({
  segment: { segment: 1, entry: 9, at: '2026-11-27T12:00:09.000000000Z', started: '2026-11-27T12:00:00.000Z', events, ...over },
})
const told = (second: number, kind: string, fields: Record<string, never> | object): TranscriptLine => ({
  told: { kind, entry: 20, at: `2026-11-27T12:00:0${second}.000000000Z`, fields: fields as Record<string, never> },
})
const CLOSED: TranscriptLine = {
  closed: { entry: 12, at: '2026-11-27T12:00:09.000000000Z', reason: 'client-closed', allowed: 2, refused: 1 },
}

async function* each<T>(items: readonly T[]) {
  yield* items
}
async function all(lines: readonly TranscriptLine[], manner: Manner): Promise<Beat[]> {
  const found: Beat[] = []
  for await (const beat of beats(each(lines), manner)) found.push(beat)
  return found
}
const texts = (found: readonly Beat[]) => found.flatMap(({ lines }) => lines.map(({ text }) => text))

describe('what the client saw', () => {
  const shown = (...events: [number, string, ...unknown[]][]) => {
    const screen = new PostgresScreen()
    return events.flatMap((event) => screen.event(event as never).map(({ text }) => text))
  }

  it('is rows under their columns, with what a mask changed marked', () => {
    expect(
      shown(
        [
          0,
          'columns',
          [
            { name: 'id', type: 23 },
            { name: 'email', type: 25 },
          ],
        ],
        [0, 'masks', [null, 'contacts']],
        [0, 'row', ['1', 'a***']],
        [0, 'row', [null, { base64: '/w==' }]],
        [0, 'complete', 'SELECT 2'],
      ),
    ).toEqual(['id │ email', 'masked: ‹email› by contacts', '1 │ ‹a***›', 'NULL │ ‹(base64) /w==›', 'SELECT 2'])
  })

  it('is what detectors found marked within a cell, where the outcome says that they did', async () => {
    const lines = [
      SESSION,
      operation(1, 'select note'),
      outcome(1, { masked: [['contacts', 'email', 1]] }),
      operation(2, 'select tag'),
      outcome(2),
      segment([
        [1.1, 'op', 1],
        [1.1, 'row', ['write to [email], not to [card]']],
        [2.1, 'op', 2],
        [2.1, 'row', ['a [email] of its own']],
      ]),
    ]
    const found = texts(await all(lines, 'replay'))
    expect(found).toContain('write to ‹[email]›, not to [card]')
    expect(found).toContain('a [email] of its own')
  })

  it('forgets masks with the next result', () => {
    const found = shown([0, 'masks', ['m']], [0, 'columns', [{ name: 'a', type: 1 }]], [0, 'row', ['x']])
    expect(found.at(-1)).toBe('x')
  })

  it('is errors with their details, copies, notifications, and what was counted only', () => {
    expect(
      shown(
        [0, 'error', { S: 'ERROR', V: 'ERROR', C: '42P01', M: 'no such thing', H: 'look elsewhere' }],
        [0, 'copy', '1\tx\n'],
        [0, 'notification', 1, 'jobs', 'done'],
        [0, 'capped', { rows: 900, bytes: 1234, sha256: 'ab' }],
        [0, 'gap', 'full'],
      ),
    ).toEqual([
      'ERROR 42P01: no such thing',
      'HINT:  look elsewhere',
      '1\tx',
      'notification on jobs: done',
      '… 900 more were shown and are not recorded: 1234 bytes, SHA-256 ab',
      'something is not recorded here: full',
    ])
  })

  it('is what the client sent as copy data, marked at each line, and how that ended', () => {
    expect(
      shown(
        [0, 'copy-in', false, 2],
        [0, 'copy-sent', '1\tx\n2\ty\n'],
        [0, 'copy-sent', { base64: '/w==' }],
        [0, 'copy-sent-capped', { rows: 3, bytes: 1234, sha256: 'ab' }],
        [0, 'copy-sent-done'],
        [0, 'copy-sent-fail', 'no more', 'client'],
        [0, 'copy-sent-fail', 'gatescribe refused', 'gateway'],
      ),
    ).toEqual([
      'takes copy data',
      '» 1\tx',
      '» 2\ty',
      '» (base64) /w==',
      '» … 1234 more bytes were sent and are not recorded, 3 messages begin in them: SHA-256 ab',
      'the client ended the copy: no more',
      'the gateway ended the copy: gatescribe refused',
    ])
  })

  it('leaves out what only drivers care about, and shows what it does not know as it is', () => {
    expect(shown([0, 'ready', 'idle'], [0, 'parsed'], [0, 'setting', 'a', 'b'])).toEqual([])
    expect(shown([0, 'from-tomorrow', 1], [0, 'row', 'no list'], [0, 'columns', null], [0, 'error', null])).toHaveLength(4)
  })
})

describe('hostile events', () => {
  it('are shown somehow, whatever they are', () => {
    const code = fc.oneof(
      fc.constantFrom(
        'columns',
        'masks',
        'row',
        'error',
        'notice',
        'copy',
        'copy-sent',
        'copy-sent-fail',
        'capped',
        'notification',
        'message',
      ),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.double(), code, fc.anything(), fc.anything())), (events) => {
        const screen = new PostgresScreen()
        for (const event of events) for (const { text } of screen.event(event as never)) expect(typeof text).toBe('string')
      }),
      { numRuns: 500 },
    )
  })
})

describe('a transcript', () => {
  it('as a replay is in the order of time: statements when they were admitted, answers and other entries behind them', async () => {
    const lines = [
      SESSION,
      operation(1, 'SELECT 1'),
      outcome(1, { masked: [['contacts', 'd.s.t.email', 3]] }),
      operation(2, 'DROP TABLE x', { effect: 'deny', rules: [] }),
      outcome(2, { status: 'refused', rows: 0, code: '42501' }),
      told(3, 'approval.asked', { approval: 'apr_1', needs: [{ rule: 'ask-first', count: 2 }], policy: 'sha256:00', for: 900_000 }),
      operation(4, 'held', { approval: 'apr_1' }),
      segment([
        [1.1, 'op', 1],
        [1.2, 'row', ['1']],
        [2.1, 'op', 2],
        [2.2, 'error', { V: 'ERROR', C: '42501', M: 'no' }],
        [4.5, 'op', 4],
        [4.6, 'complete', 'SELECT 1'],
        [4.7, 'op', 0],
        [4.7, 'error', { V: 'FATAL', C: '57P01', M: 'over' }],
      ]),
      outcome(4),
      CLOSED,
    ]
    const found = await all(lines, 'replay')
    expect(texts(found)).toEqual([
      '    1.000 #1 query  allow (reports-may)  completed, 1 rows, 10 bytes, 1.5 ms  masked: 3 × d.s.t.email by contacts',
      'SELECT 1',
      '1',
      '    2.000 #2 query  deny  refused 42501, 0 rows, 10 bytes, 1.5 ms',
      'DROP TABLE x',
      'ERROR 42501: no',
      '    3.000 approval apr_1 is asked for: 2 by ask-first',
      '    4.000 #4 query  allow (reports-may)  approved apr_1',
      'held',
      'SELECT 1',
      'FATAL 57P01: over',
      '#4 completed, 1 rows, 10 bytes, 1.5 ms',
      '    9.000 session ended (client-closed): 2 allowed, 1 refused',
    ])
    const times = found.map(({ at }) => at)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(found[1]).toMatchObject({ operation: 1, begins: false })
    expect(found[3]?.lines[0]?.style).toBe('red')
  })

  it('says which statement is answered where several were sent at once', async () => {
    const at = '2026-11-27T12:00:01.000000000Z'
    const found = await all(
      [
        SESSION,
        operation(1, 'a', { at }),
        operation(2, 'b', { at }),
        segment([
          [1.1, 'op', 1],
          [1.1, 'row', ['x']],
          [1.2, 'op', 2],
          [1.2, 'row', ['y']],
          [1.2, 'row', ['z']],
        ]),
      ],
      'replay',
    )
    expect(texts(found).filter((text) => !text.includes('query'))).toEqual(['a', 'b', 'answer to #1', 'x', 'answer to #2', 'y', 'z'])
  })

  it('as statements has each once it has ended, in order, and in the end those that nobody knows of', async () => {
    const found = await all(
      [SESSION, operation(1, 'a'), operation(2, 'b'), operation(3, 'c'), outcome(2), outcome(1), CLOSED],
      'statements',
    )
    expect(texts(found).filter((text) => text.length === 1)).toEqual(['a', 'b', 'c'])
    expect(texts(found)[4]).toBe('    3.000 #3 query  allow (reports-may)')
  })

  it('live has each thing as it comes', async () => {
    const found = await all(
      [
        SESSION,
        operation(1, 'a'),
        segment([
          [1.1, 'op', 1],
          [1.2, 'row', ['x']],
        ]),
        outcome(1),
      ],
      'live',
    )
    expect(texts(found)).toEqual(['    1.000 #1 query  allow (reports-may)', 'a', 'x', '#1 completed, 1 rows, 10 bytes, 1.5 ms'])
  })

  it('says what is missing, and why', async () => {
    const found = await all([SESSION, segment([], { missing: 'gone' }), segment([], { segment: 2, missing: 'gap' })], 'replay')
    expect(texts(found)[0]).toContain('segment 1 is missing: it was erased')
    expect(texts(found)[1]).toContain('segment 2 is missing: it was never written')
  })

  it('does not take what comes behind a hole for the answer to what stood before it', async () => {
    const lines = [
      SESSION,
      operation(1, 'a'),
      segment([
        [1, 'op', 1],
        [1, 'columns', [{ name: 'x', type: 25 }]],
        [1, 'masks', ['m']],
      ]),
      segment([], { segment: 2, missing: 'gap' }),
      segment([[2, 'row', ['clear']]], { segment: 3 }),
    ]
    expect((await all(lines, 'replay')).at(-1)).toMatchObject({ lines: [{ text: 'clear' }] })
    expect((await all(lines, 'replay')).at(-1)).not.toHaveProperty('operation')
  })

  it('shows statements whose answers were never recorded', async () => {
    expect(texts(await all([SESSION, operation(1, 'a'), CLOSED], 'replay'))).toContain('a')
  })
})

describe('a player', () => {
  const BEATS: Beat[] = [
    { at: 0.1, operation: 1, begins: true, lines: [{ text: 'one', indent: 0 }] },
    { at: 0.2, operation: 1, begins: false, lines: [{ text: 'Answer', indent: 0 }] },
    { at: 60, operation: 2, begins: true, lines: [{ text: 'two', indent: 0 }] },
    { at: 60.5, operation: 2, begins: false, lines: [{ text: 'needle', indent: 0 }] },
    { at: 61, operation: 3, begins: true, lines: [{ text: 'three', indent: 0 }] },
  ]
  async function played(options: Partial<PlayOptions> = {}, answers: Awaited<ReturnType<Keys['wait']>>[] = []) {
    const waits: number[] = []
    const shown: string[] = []
    const keys: Keys = {
      async wait(ms) {
        waits.push(Math.round(ms))
        return answers.shift()
      },
      close: () => undefined,
    }
    const end = await play(each(BEATS), { speed: 1, maxIdle: 3, ...options }, keys, ({ lines }) => void shown.push(lines[0]!.text))
    return { end, waits, shown }
  }

  it('keeps the pace, but for long waits', async () => {
    expect(await played()).toEqual({ end: 'played', waits: [0, 100, 3000, 500, 500], shown: ['one', 'Answer', 'two', 'needle', 'three'] })
    expect((await played({ speed: 2 })).waits).toEqual([0, 50, 3000, 250, 250])
    expect((await played({ speed: undefined })).waits).toEqual([0, 0, 0, 0, 0])
  })

  it('begins and ends where it is told to', async () => {
    expect((await played({ from: { seconds: 60 } })).shown).toEqual(['two', 'needle', 'three'])
    expect((await played({ from: { operation: 2 }, to: { operation: 3 } })).shown).toEqual(['two', 'needle'])
    expect((await played({ to: { seconds: 0.15 } })).shown).toEqual(['one'])
    expect((await played({ from: { operation: 9 } })).end).toBe('not found')
  })

  it('begins with the statement that has what is searched for, in its text or its answers, in any case', async () => {
    expect(await played({ search: 'NEEDLE' })).toEqual({ end: 'played', waits: [0, 500, 500], shown: ['two', 'needle', 'three'] })
    expect(await played({ search: 'nowhere' })).toMatchObject({ end: 'not found', shown: [] })
  })

  it('goes to the next statement, searches on, and ends, as keys say', async () => {
    expect((await played({}, [{ key: 'next' }])).waits).toEqual([0, 0, 3000, 500, 500])
    expect((await played({}, [undefined, { key: 'quit' }])).shown).toEqual(['one'])
    expect((await played({}, [{ key: 'search', text: 'three' }])).shown).toEqual(['three'])
  })
})

describe('keys', () => {
  function keyboard() {
    const raw: boolean[] = []
    const input = Object.assign(new PassThrough(), { setRawMode: (on: boolean) => void raw.push(on) })
    let echoed = ''
    const echo = new Writable({
      write(chunk, _encoding, done) {
        echoed += String(chunk)
        done()
      },
    })
    let interrupts = 0
    const keys = keysOf(input, echo, never, () => {
      interrupts += 1
    })
    return { keys, raw, type: (text: string) => void input.write(text), echoed: () => echoed, interrupts: () => interrupts }
  }

  it('end a wait at once, and are given back as they were found', async () => {
    const { keys, type, raw, interrupts } = keyboard()
    const waited = keys.wait(60_000)
    type('q')
    expect(await waited).toEqual({ key: 'quit' })
    type('n')
    await new Promise((resolve) => setImmediate(resolve))
    expect(await keys.wait(0)).toEqual({ key: 'next' })
    type('\u0003x')
    await new Promise((resolve) => setImmediate(resolve))
    expect(interrupts()).toBe(1)
    keys.close()
    expect(raw).toEqual([true, false])
  })

  it('pause with space and go on with it', async () => {
    const { keys, type } = keyboard()
    type(' ')
    await new Promise((resolve) => setImmediate(resolve))
    let done = false
    const waited = keys.wait(1).then(() => {
      done = true
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(done).toBe(false)
    type(' ')
    await waited
  })

  it('read what is searched for, and show it harmless', async () => {
    const { keys, type, echoed } = keyboard()
    const waited = keys.wait(60_000)
    type('/dro\u202ep!\u007f\u007fp\r')
    expect(await waited).toEqual({ key: 'search', text: 'dro\u202ep' })
    expect(echoed()).not.toContain('\u202e')
    const other = keys.wait(10)
    type('/q\u001b')
    expect(await other).toBeUndefined()
  })

  it('do nothing where there are none', async () => {
    expect(await noKeys(never).wait(1)).toBeUndefined()
    const over = AbortSignal.abort()
    expect(await noKeys(over).wait(60_000)).toBeUndefined()
  })
})

describe('a place', () => {
  it.each([
    ['90', { seconds: 90 }],
    ['1.5s', { seconds: 1.5 }],
    ['1m30s', { seconds: 90 }],
    ['2h', { seconds: 7200 }],
    ['1:30', { seconds: 90 }],
    ['1:01:30.5', { seconds: 3690.5 }],
    ['#12', { operation: 12 }],
  ])('%s', (text, found) => expect(placeOf(text)).toEqual(found))

  it.each(['', 'x', '-1', '#', '1:2:3:4', '1e3', 's', '#1x'])('%s is none', (text) => expect(placeOf(text)).toBeUndefined())
})
