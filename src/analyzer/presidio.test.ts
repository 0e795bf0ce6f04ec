import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Analysis, Presidio, type PresidioSettings } from './index.ts'

/** Answers as the API documentation of Presidio 2.0 says: a list of RecognizerResult, whose places count code points. No Presidio is at hand. */
let server: Server
let url: string
let asked: unknown[]
let reply: (request: { text: string }, response: ServerResponse, message: IncomingMessage) => void

const results = (...found: readonly [type: string, start: number, end: number, score?: number][]) =>
  JSON.stringify(found.map(([entity_type, start, end, score = 0.85]) => ({ analysis_explanation: null, entity_type, start, end, score })))
const answering = (body: string, status = 200) => {
  reply = (_, response) => response.writeHead(status, { 'content-type': 'application/json' }).end(body)
}

beforeEach(async () => {
  asked = []
  answering('[]')
  server = createServer(async (message, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of message) chunks.push(chunk as Buffer)
    const body = JSON.parse(Buffer.concat(chunks).toString()) as { text?: string; language?: string }
    asked.push(body)
    // Both are required there.
    if (message.method !== 'POST' || message.url !== '/analyze' || !body.text || !body.language)
      response.writeHead(500).end('{"error": "…"}')
    else reply(body as { text: string }, response, message)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const presidio = (more: Partial<PresidioSettings> = {}) =>
  new Presidio({ url, language: 'en', deadline: 5_000, onFailure: 'hide', ...more })
const analyze = (text: string, more?: Partial<PresidioSettings>) => presidio(more).analyze(Buffer.from(text))
const shown = (text: string, { found }: Analysis) =>
  found.map(({ start, end, detector }) => `${detector}: ${Buffer.from(text).subarray(start, end)}`)

it('says where it finds what, in bytes', async () => {
  answering(results(['US_DRIVER_LICENSE', 30, 38, 0.65], ['PERSON', 0, 10]))
  const text = 'John Smith drivers license is AC432223'
  expect(shown(text, await analyze(text))).toEqual(['presidio/PERSON: John Smith', 'presidio/US_DRIVER_LICENSE: AC432223'])
  expect(asked).toEqual([{ text, language: 'en' }])
  const other = '😀 Größe: Zoë Öztürk 😀'
  answering(results(['PERSON', 9, 19]))
  expect(shown(other, await analyze(other))).toEqual(['presidio/PERSON: Zoë Öztürk'])
})

it('asks for what is wanted, and leaves out what is not certain enough', async () => {
  answering(results(['PERSON', 0, 3, 0.9], ['LOCATION', 4, 7, 0.3]))
  const analysis = await analyze('Ada Rom', { entities: ['PERSON', 'LOCATION'], threshold: 0.6, language: 'de', url: `${url}/` })
  expect(shown('Ada Rom', analysis)).toEqual(['presidio/PERSON: Ada'])
  expect(asked).toEqual([{ text: 'Ada Rom', language: 'de', entities: ['PERSON', 'LOCATION'], score_threshold: 0.6 }])
})

it('asks nothing of an empty text', async () => {
  expect(await analyze('')).toEqual({ found: [] })
  expect(asked).toEqual([])
})

describe('where there is no answer that can be used', () => {
  const everything = (text: string) => [{ start: 0, end: Buffer.byteLength(text), detector: 'presidio/unanalyzed' }]

  it.each([
    ['a mistake of its own', 500, '{"error": "no"}', 'refused'],
    ['another place', 302, '', 'refused'],
    ['no JSON', 200, '<html>', 'unreadable'],
    ['something else', 200, '{"found": []}', 'unreadable'],
    ['a place that is not in the text', 200, results(['PERSON', 0, 99]), 'unreadable'],
    ['a place without characters', 200, results(['PERSON', 2, 2]), 'unreadable'],
    ['a name that is none', 200, results(['a b\u001b[31m', 0, 2]), 'unreadable'],
    ['too much', 200, JSON.stringify('x'.repeat(1024 * 1024)), 'unreadable'],
  ])('because it is %s, all of the text is taken as found, or nothing, as was chosen', async (_, status, body, failed) => {
    answering(body, status)
    expect(await analyze('größe')).toEqual({ found: everything('größe'), failed })
    expect(await analyze('größe', { onFailure: 'pass' })).toEqual({ found: [], failed })
  })

  it('because it is late, also by sending its answer slowly', async () => {
    reply = (_, response) => void response.writeHead(200).write('[')
    const began = performance.now()
    expect(await analyze('Ada', { deadline: 100 })).toEqual({ found: everything('Ada'), failed: 'late' })
    expect(performance.now() - began).toBeLessThan(2_000)
    reply = () => {}
    const leaving = new AbortController()
    const analysis = presidio().analyze(Buffer.from('Ada'), leaving.signal)
    leaving.abort()
    expect(await analysis).toMatchObject({ failed: 'late' })
  })

  it('because nobody is there', async () => {
    expect(await analyze('Ada', { url: 'http://127.0.0.1:1' })).toEqual({ found: everything('Ada'), failed: 'refused' })
  })

  it('because it cannot be asked: the text is too long, or is no text', async () => {
    const long = 'x'.repeat(64 * 1024 + 1)
    expect(await analyze(long)).toEqual({ found: everything(long), failed: 'too-long' })
    expect(await presidio().analyze(Buffer.of(0xff, 0x41))).toMatchObject({ failed: 'unreadable' })
    expect(asked).toEqual([])
  })
})

it('is asked four questions at once, and those who wait longer than their deadline are late', async () => {
  const open: (() => void)[] = []
  let most = 0
  reply = (_, response) => {
    open.push(() => response.end('[]'))
    most = Math.max(most, open.length)
  }
  const one = presidio()
  const analyses = Array.from({ length: 9 }, () => one.analyze(Buffer.from('Ada')))
  for (let answered = 0; answered < 9; ) {
    await new Promise((later) => setImmediate(later))
    for (const answer of open.splice(0)) {
      answer()
      answered++
    }
  }
  expect(await Promise.all(analyses)).toEqual(Array.from({ length: 9 }, () => ({ found: [] })))
  expect(most).toBeLessThanOrEqual(4)
  reply = () => {}
  const hurried = presidio({ deadline: 100 })
  const late = await Promise.all(Array.from({ length: 6 }, () => hurried.analyze(Buffer.from('Ada'))))
  expect(late.every(({ failed }) => failed === 'late')).toBe(true)
})

it('answers whatever it is answered', async () => {
  const one = presidio()
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.array(fc.tuple(fc.constant('PERSON'), fc.integer(), fc.integer())).map((found) => results(...found)),
      ),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
      async (body, text) => {
        answering(body)
        const { found } = await one.analyze(Buffer.from(text))
        for (const { start, end } of found) {
          expect(start).toBeGreaterThanOrEqual(0)
          expect(end).toBeGreaterThan(start)
          expect(end).toBeLessThanOrEqual(Buffer.byteLength(text))
        }
      },
    ),
    { numRuns: 200 },
  )
})
