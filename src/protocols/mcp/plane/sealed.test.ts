import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { messagesPlace, placeOf } from './place.ts'
import { Sealed } from './sealed.ts'

const sealed = new Sealed(randomBytes(32))
const whose = { run: 'run_1', resource: 'tickets' }

describe('what a server gives out', () => {
  it('is good for the run, the resource and the use that it was given out for, and unchanged', () => {
    const given = sealed.seal('session', whose, 'id-of-the-server')
    expect(given).not.toContain('id-of-the-server')
    expect(sealed.open('session', whose, given)).toBe('id-of-the-server')
    expect(sealed.open('session', { ...whose, run: 'run_2' }, given)).toBeUndefined()
    expect(sealed.open('session', { ...whose, resource: 'other' }, given)).toBeUndefined()
    expect(sealed.open('event', whose, given)).toBeUndefined()
    expect(new Sealed(randomBytes(32)).open('session', whose, given)).toBeUndefined()
    for (let at = 0; at < given.length; at++) {
      const changed = given.slice(0, at) + (given[at] === 'A' ? 'B' : 'A') + given.slice(at + 1)
      // Of the last digit of base64 not every bit counts: what it stands for is what was sealed.
      expect([undefined, 'id-of-the-server']).toContain(sealed.open('session', whose, changed))
    }
    expect(sealed.open('session', whose, 'x'.repeat(10_000))).toBeUndefined()
  })

  it('may be where the old dialect sends its messages, below the address only', () => {
    const at = { base: 'http://server:1/mcp', path: '/sse' }
    const url = (said: string) => messagesPlace(said, at, 'https://gateway/r/tickets', sealed, whose)?.url
    const place = url('/mcp/messages?sessionId=1')!
    expect(place).toMatch(/^\/r\/tickets\/gatescribe-messages\/[\w-]+\.[\w-]+$/)
    const request = { method: 'POST', rawPath: place.slice('/r/tickets'.length), rawQuery: undefined }
    expect(placeOf(request, { basePath: '/mcp' }, sealed, whose)).toMatchObject({ kind: 'messages', path: '/messages?sessionId=1' })
    expect(url('messages')).toBeDefined()
    for (const said of [
      'https://elsewhere/mcp/x',
      'http://server:2/mcp/x',
      '/other',
      '//elsewhere/mcp/',
      'http://user@server:1/mcp/x',
      '../other',
      'javascript:1',
    ]) {
      expect(url(said)).toBeUndefined()
    }
  })
})
