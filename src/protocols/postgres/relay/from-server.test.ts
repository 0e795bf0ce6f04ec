import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { plainSql } from '../../../../test/parts/plain-sql.ts'
import type { Admission } from '../../../guard/index.ts'
import { Refusal } from '../../../operations/index.ts'
import * as build from '../wire/build.ts'
import { backend, frontend } from '../wire/codes.ts'
import { buildErrorResponse } from '../wire/error-response.ts'
import { WireError } from '../wire/errors.ts'
import { Answers } from './answers.ts'
import { Flight } from './flight.ts'
import { FromServer } from './from-server.ts'
import { Masking } from './masking.ts'
import { Outgoing } from './outgoing.ts'
import { Portal } from './portal.ts'

/** What passes to the client, put together. */
class Passed extends Outgoing {
  readonly parts: Buffer[] = []
  override add(bytes: Uint8Array, start: number, end: number): void {
    this.parts.push(Buffer.from(bytes.subarray(start, end)))
  }
}

const error = buildErrorResponse({ severity: 'ERROR', sqlstate: '42601', message: 'no' })
const bodies: Partial<Record<number, Uint8Array>> = {
  [backend.readyForQuery]: Buffer.from('I'),
  [backend.commandComplete]: Buffer.from('COPY 3\0'),
  [backend.errorResponse]: error.subarray(5),
}
const serverMessage = fc.oneof(
  fc.constantFrom(...Object.values(backend)).map((type) => build.message(type, bodies[type])),
  fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 20 })).map(([type, body]) => build.message(type, body)),
)
const unmasked = (answers: Answers): Masking =>
  new Masking({ catalog: () => undefined, database: undefined, key: undefined, analyses: undefined, reading: answers.reading })

const unlimited = (settle: () => void): Admission => ({
  limited: false,
  time: undefined,
  charge: () => undefined,
  masked: () => undefined,
  spent: () => undefined,
  overtime: () => new Refusal('GS_LIMIT_EXCEEDED'),
  settle,
  withdraw: settle,
})

const statement = { text: Buffer.from('select 1'), understood: { facts: { effects: [] }, statements: [] }, epoch: 0 }

const asked = fc.array(
  fc.constantFrom(frontend.query, frontend.parse, frontend.bind, frontend.describe, frontend.execute, frontend.close, frontend.sync),
  {
    maxLength: 8,
  },
)

it('passes what a server says byte for byte, or breaks off; and settles nothing twice, whatever it says', () => {
  let whole = 0
  fc.assert(
    fc.property(asked, fc.array(serverMessage, { maxLength: 12 }), fc.integer({ min: 1, max: 40 }), (types, messages, size) => {
      const answers = new Answers(plainSql(), { stop: () => undefined, sync: () => undefined }, [])
      const passed = new Passed()
      const server = new FromServer(answers, passed, plainSql(), unmasked(answers), 1024)
      let open = 0
      let bound: Portal | undefined
      for (const type of types) {
        const operates = type === frontend.query || type === frontend.parse || type === frontend.bind
        let settled = false
        const settle = (): void => {
          expect(settled).toBe(false)
          settled = true
          open -= 1
        }
        if (operates) open += 1
        const flight = operates ? new Flight(unlimited(settle), []) : undefined
        const portal = type === frontend.bind ? new Portal(statement) : type === frontend.execute ? bound : undefined
        // Executed once: of one that had come to its end nothing more is passed.
        if (type === frontend.execute) bound = undefined
        if (type === frontend.bind) {
          bound = portal
          portal!.flight = flight
          answers.portals.change('', portal)
        }
        answers.sent({
          type,
          name: '',
          ofStatement: false,
          statement: undefined,
          portal,
          flight,
          replacement: undefined,
          changes: false,
          own: false,
        })
      }
      const stream = Buffer.concat(messages)
      try {
        for (let at = 0; at < stream.length; at += size) server.read(stream.subarray(at, at + size))
        expect(Buffer.concat(passed.parts)).toEqual(stream)
        whole += 1
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(WireError)
        expect(server.broken).toBe(true)
      }
      answers.abandon('aborted')
      expect(open).toBe(0)
    }),
    { numRuns: 2000 },
  )
  expect(whole).toBeGreaterThan(100)
})

it('keeps nothing as SQLSTATE that is none: it stands in the trail in clear', () => {
  const answers = new Answers(plainSql(), { stop: () => undefined, sync: () => undefined }, [])
  const server = new FromServer(answers, new Passed(), plainSql(), unmasked(answers), 1024)
  const settle = vi.fn()
  const flight = new Flight(unlimited(settle), [])
  const { query } = frontend
  const none = { statement: undefined, portal: undefined, replacement: undefined }
  answers.sent({ type: query, name: '', ofStatement: false, flight, changes: false, own: false, ...none })
  server.read(buildErrorResponse({ severity: 'ERROR', sqlstate: 'card 4111 1111', message: 'no' }))
  expect(settle).toHaveBeenCalledWith({ status: 'failed', code: 'XX000' })
})
