import fc from 'fast-check'
import { expect, it } from 'vitest'
import { plainSql } from '../../../../test/parts/plain-sql.ts'
import type { Admission } from '../../../guard/index.ts'
import type { Mask } from '../../../operations/index.ts'
import type { StatementFacts } from '../sql/statement-facts.ts'
import * as build from '../wire/build.ts'
import { frontend } from '../wire/codes.ts'
import { WireError } from '../wire/errors.ts'
import { AnalysesAhead } from './analyses-ahead.ts'
import { Answers } from './answers.ts'
import { Flight } from './flight.ts'
import { FromServer } from './from-server.ts'
import { Lookout } from './lookout.ts'
import { Masking } from './masking.ts'
import { Outgoing } from './outgoing.ts'
import type { TextAnalyzer } from './text-analyzer.ts'

const NAME = 'Ada'
const MASK: Mask = {
  ...{ name: 'people', columns: [], detect: ['presidio/PERSON'], patterns: [], as: 'redact' },
  ...{ unmaskedWrite: false, predicates: false },
}
const COPY_TO = { format: 'text', delimiter: '\t', quote: '"', escape: '"', null: '\\N', header: false } as const
const CLEAR = { from: [], plain: false, certain: true }
const STATEMENT: StatementFacts = { effects: [], sql: {}, transitions: [], outputs: [CLEAR, CLEAR], copyTo: COPY_TO }

/** Finds the name, wherever it stands. */
const finding: TextAnalyzer = {
  whenSilent: 'fail',
  analyze: async (texts) =>
    texts.map((text) => {
      const all = Buffer.from(text).toString('latin1')
      return [...all.matchAll(/Ada/g)].map(({ index }) => ({ start: index, end: index + NAME.length, detector: 'presidio/PERSON' }))
    }),
}

const message = (type: string, body: Uint8Array = Buffer.alloc(0)) => build.message(type.charCodeAt(0), body)
const field = (name: string) =>
  Buffer.concat([Buffer.from(`${name}\0`), Buffer.alloc(6), Buffer.from([0, 0, 0, 25, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0])])
const described = (...names: string[]) => message('T', Buffer.concat([Buffer.from([0, names.length]), ...names.map(field)]))

function dataRow(...values: (string | null)[]): Buffer {
  const cells = values.map((value) => {
    const length = Buffer.alloc(4)
    length.writeInt32BE(value === null ? -1 : value.length)
    return Buffer.concat([length, Buffer.from(value ?? '')])
  })
  return message('D', Buffer.concat([Buffer.from([0, values.length]), ...cells]))
}

/** What a client is sent of a stream that comes in pieces of this size, each of them while the analyzer may be asked. */
async function shown(stream: Buffer, size: number, analyzer: TextAnalyzer | undefined): Promise<string> {
  const answers = new Answers(plainSql(), { stop: () => undefined, sync: () => undefined }, [['client_encoding', 'UTF8']])
  const ahead = new AnalysesAhead(() => analyzer)
  const masking = new Masking({ catalog: () => undefined, database: 'orders', key: undefined, analyses: ahead, reading: answers.reading })
  const sent: Buffer[] = []
  class Sent extends Outgoing {
    override add(bytes: Uint8Array, start: number, end: number): void {
      sent.push(Buffer.from(bytes.subarray(start, end)))
    }
  }
  const server = new FromServer(answers, new Sent(), plainSql(), masking, 100_000, new Lookout(ahead, answers, masking))
  const admission = { limited: false, time: undefined, masked: () => undefined, charge: () => undefined, settle: () => undefined }
  const none = { statement: undefined, portal: undefined, replacement: undefined, own: false, changes: false, operation: 0 }
  const flight = new Flight(admission as unknown as Admission, [STATEMENT, STATEMENT, STATEMENT], [MASK])
  answers.sent({ type: frontend.query, name: '', ofStatement: false, flight, ...none })
  const answered = async () => {
    while (server.analyzing) {
      await server.analyzing
      server.goOn()
    }
  }
  for (let at = 0; at < stream.length; at += size) {
    server.read(stream.subarray(at, at + size))
    // Often more comes before there is an answer.
    if (at % 3 === 0) await answered()
  }
  await answered()
  return Buffer.concat(sent).toString('latin1')
}

const ROWS = [
  described('a', 'b'),
  dataRow('1', 'Dear Ada, and Ada'),
  dataRow(null, ''),
  message('N', Buffer.from('SNOTICE\0VNOTICE\0C00000\0Mseen Ada\0DAda\0\0')),
  dataRow('Ada', 'Ada'),
  message('C', Buffer.from('SELECT 3\0')),
  message('H', Buffer.from([0, 0, 2, 0, 0, 0, 0])),
  build.copyData(Buffer.from('1\tnone\n')),
  build.copyData(Buffer.from('2\tdear Ad')),
  build.copyData(Buffer.from('a\n3\t')),
  build.copyData(Buffer.from('\\N\n')),
  build.copyDone(),
  message('C', Buffer.from('COPY 3\0')),
  message('A', Buffer.from('\0\0\0\x01heard\0Ada\0')),
  build.readyForQuery('I'.charCodeAt(0)),
]

it('shows a stream alike however it is cut, and whatever comes while the analyzer is asked', async () => {
  const stream = Buffer.concat(ROWS)
  const whole = await shown(stream, stream.length, finding)
  expect(whole).not.toContain('Ada')
  expect(whole.match(/\[presidio\/PERSON\]/g)).toHaveLength(6)
  for (let size = 1; size < stream.length; size += 1) expect(await shown(stream, size, finding)).toBe(whole)
})

it('shows nothing of a text of which there is no answer, whatever a server says, and breaks off where that makes no sense', async () => {
  const failing: TextAnalyzer = { whenSilent: 'fail', analyze: () => Promise.reject(new Error('not to happen')) }
  const some = fc.oneof(
    fc.constantFrom(...ROWS),
    fc.constantFrom(dataRow('Ada'), message('H', Buffer.from([1, 0, 2, 0, 1, 0, 1])), message('s')),
  )
  let read = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(some, { maxLength: 10 }),
      fc.integer({ min: 1, max: 90 }),
      fc.constantFrom(finding, failing, undefined),
      async (messages, size, analyzer) => {
        try {
          expect(await shown(Buffer.concat(messages), size, analyzer)).not.toContain('Ada')
          read += 1
        } catch (error) {
          if (!(error instanceof WireError)) throw error
        }
      },
    ),
    { numRuns: 1_000 },
  )
  expect(read).toBeGreaterThan(50)
})
