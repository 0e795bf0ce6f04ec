import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { results, startAnalyzer, type TestAnalyzer } from '../../test/parts/analyzer.ts'
import { issueTestCertificates } from '../../test/parts/test-certificates.ts'
import { type Analysis, Presidio, type PresidioSettings } from './index.ts'

let server: TestAnalyzer

const answering = (body: string, status = 200) => {
  server.reply = (_, response) => response.writeHead(status, { 'content-type': 'application/json' }).end(body)
}

beforeEach(async () => {
  server = await startAnalyzer()
})
afterEach(() => server.close())

const presidio = (more: Partial<PresidioSettings> = {}) => new Presidio({ url: server.url, language: 'en', deadline: 5_000, ...more })
const analyze = (text: string, more?: Partial<PresidioSettings>) => presidio(more).analyze(Buffer.from(text))
const shown = (text: string, analysis: Analysis) =>
  'found' in analysis && analysis.found.map(({ start, end, detector }) => `${detector}: ${Buffer.from(text).subarray(start, end)}`)

it('says where it finds what, in bytes', async () => {
  answering(results(['US_DRIVER_LICENSE', 30, 38, 0.65], ['PERSON', 0, 10]))
  const text = 'John Smith drivers license is AC432223'
  expect(shown(text, await analyze(text))).toEqual(['presidio/PERSON: John Smith', 'presidio/US_DRIVER_LICENSE: AC432223'])
  expect(server.asked).toEqual([{ text, language: 'en' }])
  const other = '😀 Größe: Zoë Öztürk 😀'
  answering(results(['PERSON', 9, 19]))
  expect(shown(other, await analyze(other))).toEqual(['presidio/PERSON: Zoë Öztürk'])
})

it('asks for what is wanted, and leaves out what is not certain enough', async () => {
  answering(results(['PERSON', 0, 3, 0.9], ['LOCATION', 4, 7, 0.3]))
  const analysis = await analyze('Ada Rom', { entities: ['PERSON', 'LOCATION'], threshold: 0.6, language: 'de', url: `${server.url}/` })
  expect(shown('Ada Rom', analysis)).toEqual(['presidio/PERSON: Ada'])
  expect(server.asked).toEqual([{ text: 'Ada Rom', language: 'de', entities: ['PERSON', 'LOCATION'], score_threshold: 0.6 }])
})

it('asks nothing of an empty text', async () => {
  expect(await analyze('')).toEqual({ found: [] })
  expect(server.asked).toEqual([])
})

describe('where there is no answer that can be used', () => {
  it.each([
    ['a mistake of its own', 500, '{"error": "no"}', 'refused'],
    ['another place', 302, '', 'refused'],
    ['no JSON', 200, '<html>', 'unreadable'],
    ['something else', 200, '{"found": []}', 'unreadable'],
    ['a place that is not in the text', 200, results(['PERSON', 0, 99]), 'unreadable'],
    ['a place without characters', 200, results(['PERSON', 2, 2]), 'unreadable'],
    ['a name that is none', 200, results(['a b\u001b[31m', 0, 2]), 'unreadable'],
    ['too much', 200, JSON.stringify('x'.repeat(1024 * 1024)), 'unreadable'],
  ])('because it is %s, it says so', async (_, status, body, failed) => {
    answering(body, status)
    expect(await analyze('größe')).toEqual({ failed })
  })

  it('because it is late, also by sending its answer slowly', async () => {
    server.reply = (_, response) => void response.writeHead(200).write('[')
    const began = performance.now()
    expect(await analyze('Ada', { deadline: 100 })).toEqual({ failed: 'late' })
    expect(performance.now() - began).toBeLessThan(2_000)
    server.reply = () => {}
    const leaving = new AbortController()
    const analysis = presidio().analyze(Buffer.from('Ada'), leaving.signal)
    leaving.abort()
    expect(await analysis).toMatchObject({ failed: 'late' })
  })

  it('because who is there cannot prove its name: nothing is sent to him', async () => {
    const { server: theirs } = await issueTestCertificates()
    let asked = 0
    const impostor = createServer({ cert: theirs.certificate, key: theirs.key }, (_, response) => {
      asked += 1
      response.end('[]')
    })
    await new Promise<void>((resolve) => impostor.listen(0, '127.0.0.1', resolve))
    try {
      const url = `https://localhost:${(impostor.address() as AddressInfo).port}`
      expect(await analyze('Ada', { url })).toEqual({ failed: 'refused' })
      expect(asked).toBe(0)
    } finally {
      impostor.close()
    }
  })

  it('because nobody is there', async () => {
    expect(await analyze('Ada', { url: 'http://127.0.0.1:1' })).toEqual({ failed: 'refused' })
  })

  it('because it cannot be asked: the text is too long, or is no text', async () => {
    const long = 'x'.repeat(64 * 1024 + 1)
    expect(await analyze(long)).toEqual({ failed: 'too-long' })
    expect(await presidio().analyze(Buffer.of(0xff, 0x41))).toMatchObject({ failed: 'unreadable' })
    expect(server.asked).toEqual([])
  })
})

it('is asked four questions at once, and those who wait longer than their deadline are late', async () => {
  const open: (() => void)[] = []
  let most = 0
  server.reply = (_, response) => {
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
  server.reply = () => {}
  const hurried = presidio({ deadline: 100 })
  const late = await Promise.all(Array.from({ length: 6 }, () => hurried.analyze(Buffer.from('Ada'))))
  expect(late).toEqual(Array.from({ length: 6 }, () => ({ failed: 'late' })))
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
        const analysis = await one.analyze(Buffer.from(text))
        for (const { start, end } of 'found' in analysis ? analysis.found : []) {
          expect(start).toBeGreaterThanOrEqual(0)
          expect(end).toBeGreaterThan(start)
          expect(end).toBeLessThanOrEqual(Buffer.byteLength(text))
        }
      },
    ),
    { numRuns: 200 },
  )
})
