import { describe, expect, it } from 'vitest'
import { needlesOf } from './needles.ts'
import { StreamRedactor } from './redactor.ts'

const SECRET = 'tok/3f9a+0d1b7c5e4a2f'
const needles = needlesOf({ header: { name: 'authorization', value: `Bearer ${SECRET}` } })
const through = (redactor: StreamRedactor, chunks: readonly Buffer[]) =>
  Buffer.concat([...chunks.map((chunk) => redactor.push(chunk, 0)), redactor.end()]).toString('latin1')

describe('what a target says of the credential', () => {
  it.each<readonly [string, string]>([
    ['as it is', SECRET],
    ['percent-encoded', encodeURIComponent(SECRET)],
    ['in JSON that escapes slashes', SECRET.replaceAll('/', '\\/')],
    ...[0, 1, 2].map(
      (before) => [`in base64 behind ${before} bytes`, Buffer.from(`${'x'.repeat(before)}${SECRET}yz`).toString('base64')] as const,
    ),
    ['in base64url', Buffer.from(SECRET).toString('base64url')],
  ])('is covered %s, cut at every place, and keeps its length', (_, said) => {
    const whole = Buffer.from(`before ${said} behind`)
    // Of base64 that stands among other bytes, the first and last digit hold bits of those.
    const needle = needles.map((each) => Buffer.from(each).toString()).find((each) => said.includes(each)) ?? ''
    expect(needle.length).toBeGreaterThan(20)
    for (let cut = 0; cut <= whole.length; cut++) {
      const shown = through(new StreamRedactor(needles), [whole.subarray(0, cut), whole.subarray(cut)])
      expect(shown.length).toBe(whole.length)
      expect(shown).toMatch(/\*{16,}/)
      // Three of its first characters at most, where a chunk ends with them.
      for (let at = 0; at + 4 <= needle.length; at++) expect(shown).not.toContain(needle.slice(at, at + 4))
      expect(shown.startsWith('before ') && shown.endsWith(' behind')).toBe(true)
    }
    const bytewise = through(
      new StreamRedactor(needles),
      [...whole].map((byte) => Buffer.of(byte)),
    )
    const [first] = [through(new StreamRedactor(needles), [whole]).indexOf('*')]
    expect(`${bytewise.slice(0, first)}***${bytewise.slice(first + 3)}`).toBe(through(new StreamRedactor(needles), [whole]))
  })

  it('covers user and password of Basic, apart and together', () => {
    const pair = Buffer.from('gate:correct-horse-battery').toString('base64')
    const basic = needlesOf({ header: { name: 'authorization', value: `Basic ${pair}` } })
    for (const said of [pair, 'correct-horse-battery', 'gate:correct-horse-battery'])
      expect(through(new StreamRedactor(basic), [Buffer.from(`-${said}-`)])).toMatch(/^-\*+-$/)
  })

  it('leaves everything else as it is', () => {
    const other = Buffer.from(`${SECRET.slice(0, -1)} ${SECRET.slice(1)} ${'tok/'.repeat(50)}`)
    for (const size of [1, 3, 7, 200]) {
      const chunks = Array.from({ length: Math.ceil(other.length / size) }, (_, at) => other.subarray(at * size, (at + 1) * size))
      expect(through(new StreamRedactor(needles), chunks)).toBe(other.toString())
    }
  })

  it('shows what it kept after a while, and still covers what completes it', () => {
    const redactor = new StreamRedactor(needles)
    expect(Buffer.from(redactor.push(Buffer.from('event tok/'), 0)).toString()).toBe('event ')
    expect(redactor.deadline).toBe(50)
    expect(redactor.expire(49).length).toBe(0)
    expect(Buffer.from(redactor.expire(60)).toString()).toBe('tok/')
    expect(redactor.deadline).toBeUndefined()
    expect(Buffer.from(redactor.push(Buffer.from(`${SECRET.slice(4)}!`), 60)).toString()).toBe(`${'*'.repeat(SECRET.length - 4)}!`)
  })

  it('does not forget that the end of one may be the beginning of another', () => {
    const [one, two] = [Buffer.from('SECRET-abab'), Buffer.from('abab-OTHER')]
    const redactor = new StreamRedactor([one, two])
    expect(through(redactor, [Buffer.from('SECRET-abab'), Buffer.from('zz')])).toBe('***********zz')
  })
})
