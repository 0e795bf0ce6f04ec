import fc from 'fast-check'
import { parseSync, scanSync } from 'libpg-query'
import { beforeAll, describe, expect, it } from 'vitest'
import { threadTime } from '../../../../../test/parts/thread-time.ts'
import { loadParser, type Parser } from './parser.ts'
import { prescan, scan } from './prescan.ts'

const LIMIT = 1 << 20
let parser: Parser
beforeAll(async () => {
  parser = await loadParser()
})

function judged(text: string) {
  const answer = prescan(Buffer.from(text), LIMIT)
  return typeof answer === 'object' ? answer.refused : answer
}

const MANY = {
  brackets: '('.repeat(201),
  operators: '+'.repeat(64),
  comments: '/*'.repeat(17),
}

describe('the pre-scan', () => {
  it('lets through what is within bounds', () => {
    expect(judged('')).toBe('short')
    expect(judged(`select ${'('.repeat(200)}1${')'.repeat(200)}`)).toBe('short')
    expect(judged(`select ${'()'.repeat(200)}`)).toBe('short')
    expect(judged(`select 1 ${'+'.repeat(63)} 1`)).toBe('short')
    expect(judged(`${'/*'.repeat(16)}${'*/'.repeat(16)} select 1`)).toBe('short')
    expect(judged(`select '${'x'.repeat(600)}'`)).toBe('long')
  })

  it.each(Object.values(MANY))('refuses %j', (text) => {
    expect(judged(text)).toMatch(/nested|operator/)
    expect(judged(`select 1, ${text}`)).toMatch(/nested|operator/)
  })

  it('refuses a NUL, what is not UTF-8, and what is too long', () => {
    expect(judged('select 1\0')).toContain('NUL')
    expect(prescan(Buffer.from([0xc3]), LIMIT)).toHaveProperty('refused')
    expect(prescan(Buffer.alloc(11, 0x20), 10)).toHaveProperty('refused')
  })

  it.each([
    (text: string) => `select '${text}'`,
    (text: string) => `select 'it''s ${text}'`,
    (text: string) => `select E'\\'${text}'`,
    (text: string) => `select e'\\\\' 'x', '${text}'`,
    (text: string) => `select E'a'\n '\\'${text}'`,
    (text: string) => `select E'a' -- x\n '\\'${text}'`,
    (text: string) => `select U&'${text}'`,
    (text: string) => `select "${text}"`,
    (text: string) => `select U&"a""${text}"`,
    (text: string) => `select $$${text}$$`,
    (text: string) => `select $a$ $$ $b$ ${text}$a$`,
    (text: string) => `select 1 -- ${text}\n`,
    (text: string) => `select 1 -- ${text}`,
    (text: string) => `select $1, '${text}'`,
  ])('does not count what stands in quotes: %s', (quote) => {
    for (const text of ['('.repeat(300), '+'.repeat(100)]) expect(judged(quote(text))).toBe('short')
  })

  it.each([
    (text: string) => `select '' ${text}`,
    (text: string) => `select '\\' ${text}`,
    (text: string) => `select ae'\\' ${text}`,
    (text: string) => `select E'\\\\' ${text}`,
    (text: string) => `select E'a' '\\' ${text}`,
    (text: string) => `select "\\" ${text}`,
    (text: string) => `select a$b$ ${text} $b$`,
    (text: string) => `select $$ $$ ${text}`,
    (text: string) => `select $1$ ${text} $1$`,
    (text: string) => `-- '\n ${text}`,
    (text: string) => `/* ' */ ${text}`,
    (text: string) => `/* /* */ ' */ ${text}`,
  ])('counts what does not: %s', (open) => {
    for (const text of Object.values(MANY)) expect(judged(open(text))).toMatch(/nested|operator/)
  })

  it('takes time in proportion to the text', () => {
    for (const part of ['$a$', '$$', "E'a'\n", '$a', "'", '--', '/* ', 'e', '"', "'a' \n"]) {
      const text = Buffer.from(part.repeat(1_000_000 / part.length))
      scan(text.subarray(0, 10_000))
      const from = threadTime()
      scan(text)
      expect(threadTime() - from).toBeLessThan(500)
    }
  })
})

/** Pieces that lexers trip over, and plain SQL. */
const piece = fc.oneof(
  fc.constantFrom("'", "''", '"', '""', '\\', "\\'", '$', '$$', '$a$', '$b$', '$1', '--', '/*', '*/', '\n', '\r', ' ', '\t'),
  fc.constantFrom('e', 'E', "E'", "U&'", 'U&"', "N'", "b'", "x'", 'a', 'é', '1', '1e5', '0x1', '1_0', '.', ',', ';', '(', ')', '[', ']'),
  fc.constantFrom('+', '-', '+-', '<', '>', '=', '@', '|', '?', '::', ':=', '=>', '~', '!', '#', '%', '^', '&', '`', '*', '/'),
  fc.constantFrom(
    'select ',
    'from ',
    'where ',
    'case when ',
    'not ',
    'and ',
    'uescape ',
    'array',
    'row',
    'is null',
    'insert into t values ',
  ),
)
const text = fc
  .oneof(
    fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join('')),
    fc.tuple(piece, piece, piece, fc.nat(170)).map(([a, b, c, n]) => `select ${`${a}${b}${c}`.repeat(n)}`),
    fc
      .tuple(fc.array(piece, { maxLength: 6 }), piece, fc.nat(500), fc.array(piece, { maxLength: 6 }))
      .map(([a, b, n, c]) => a.join('') + b.repeat(n) + c.join('')),
  )
  .filter((one) => Buffer.byteLength(one) <= 512)

describe('the pre-scan beside PostgreSQL', () => {
  it('refuses nothing that parses within the bounds, and lets nothing through that is slow', { timeout: 120_000 }, () => {
    let parsed = 0
    let refused = 0
    let slowest = 0
    fc.assert(
      fc.property(text, (one) => {
        const answer = judged(one)
        if (answer === 'short') {
          const from = performance.now()
          const tree = parser.parse(one)
          let took = performance.now() - from
          // Another process may have had the processor: the text itself is slow only if it is slow again.
          for (let again = 0; again < 3 && took > 5; again += 1) {
            const start = performance.now()
            parser.parse(one)
            took = Math.min(took, performance.now() - start)
          }
          slowest = Math.max(slowest, took)
          if (tree) parsed += 1
          return
        }
        let tokens: readonly { readonly text: string }[]
        try {
          parseSync(one)
          tokens = scanSync(one).tokens
        } catch {
          return
        }
        refused += 1
        expect(exceeds(tokens, one)).toBe(true)
      }),
      { numRuns: 20_000 },
    )
    process.stdout.write(`pre-scan: ${parsed} parsed, ${refused} of what parses refused, slowest ${slowest.toFixed(1)} ms\n`)
    expect(parsed).toBeGreaterThan(1_000)
    expect(slowest).toBeLessThan(20)
  })

  it('counts brackets and operators as the lexer of PostgreSQL does', { timeout: 120_000 }, () => {
    let compared = 0
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const one = pieces.join('')
        let tokens: readonly { readonly text: string; readonly tokenName: string }[]
        try {
          tokens = scanSync(one).tokens
        } catch {
          return
        }
        // A probe behind a text that ends outside of quotes has to be seen, one that ends inside must not be.
        const ends = tokens.reduce((sum, token) => sum + (token.tokenName.length > 0 ? 1 : 0), 0)
        let behind: readonly unknown[]
        try {
          behind = scanSync(`${one}\n${'('.repeat(3)}`).tokens
        } catch {
          return
        }
        if (behind.length !== ends + 3) return
        compared += 1
        expect(judged(`${one}\n${MANY.brackets}${'('.repeat(60)}`)).toContain('nested')
      }),
      { numRuns: 20_000 },
    )
    expect(compared).toBeGreaterThan(2_000)
  })
})

/** Whether PostgreSQL's own lexer finds what we say that there is too much of. */
function exceeds(tokens: readonly { readonly text: string }[], one: string): boolean {
  let depth = 0
  let deepest = 0
  for (const token of tokens) {
    if (token.text === '(' || token.text === '[') depth += 1
    else if (token.text === ')' || token.text === ']') depth -= 1
    deepest = Math.max(deepest, depth)
  }
  return deepest > 200 || /[-~!@#^&|`?+*/%<>=]{64}/.test(one) || one.split('/*').length > 16
}
