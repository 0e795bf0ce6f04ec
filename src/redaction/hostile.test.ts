import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { harmlessSql, harmlessText } from '../../test/redaction/corpus/harmless.ts'
import { leaked, marked } from '../../test/redaction/corpus/marked.ts'
import { doubtInSql, secretsInSql } from '../../test/redaction/corpus/secrets-in-sql.ts'
import { secretsInText } from '../../test/redaction/corpus/secrets-in-text.ts'
import { redactJson, redactParameters, redactSql, redactText } from './index.ts'

const corpus = [...secretsInSql, ...doubtInSql, ...harmlessSql, ...secretsInText, ...harmlessText].map((source) => marked(source).text)

/** Texts of the corpus, cut, joined, and with bytes changed: what passes the first look and goes wrong behind it. */
const mutated = fc
  .tuple(
    fc.array(fc.tuple(fc.constantFrom(...corpus), fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })), {
      minLength: 1,
      maxLength: 4,
    }),
    fc.array(fc.tuple(fc.nat(), fc.constantFrom(...Buffer.from(`'"$\\;()/*-=:, \n\0pP«\xff@`))), { maxLength: 6 }),
  )
  .map(([pieces, changes]) => {
    const bytes = Buffer.concat(
      pieces.map(([text, from, to]) => {
        const whole = Buffer.from(text)
        return from < 0.5 ? whole : whole.subarray(Math.floor((from - 0.5) * whole.length), Math.ceil(to * whole.length))
      }),
    )
    for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte
    return bytes
  })

const RUNS = { numRuns: 4000 }

describe('whatever the bytes', () => {
  it('a statement is read without an error, and what comes out has nothing more to redact', () => {
    fc.assert(
      fc.property(mutated, (bytes) => {
        const redacted = redactSql(bytes)
        const again = redactSql(redacted.content)
        expect(Buffer.from(again.content).toString('latin1')).toBe(Buffer.from(redacted.content).toString('latin1'))
      }),
      RUNS,
    )
  })

  it('so is a text', () => {
    fc.assert(
      fc.property(mutated, (bytes) => {
        const redacted = redactText(bytes)
        expect(redactText(redacted.content).content).toBe(redacted.content)
      }),
      RUNS,
    )
  })

  it('nothing found means the same object, and what was found is counted', () => {
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        for (const redact of [redactSql, redactText, redactParameters]) {
          const { content, found } = redact(bytes)
          expect(content === bytes).toBe(found.length === 0)
          for (const { count } of found) expect(count).toBeGreaterThan(0)
        }
      }),
      RUNS,
    )
  })

  it('JSON stays JSON', () => {
    fc.assert(
      fc.property(fc.array(mutated, { maxLength: 3 }), (texts) => {
        const value = { texts: texts.map((text) => text.toString()) }
        expect(JSON.parse(Buffer.from(redactJson(value).content).toString()).texts).toHaveLength(texts.length)
      }),
      { numRuns: 500 },
    )
  })
})

const gap = fc
  .array(fc.constantFrom(' ', '\n', '\t', '/* x */', '/* it\'s "a" /* nested */ */', "-- it's\n", '/**/', '-- $$\n', '\r\n'), {
    minLength: 1,
    maxLength: 3,
  })
  // Two words need something between them, and a comment is something, but an operator would take it.
  .map((parts) => ` ${parts.join('')}`)

/** The word in any case, as the grammar takes it. */
const anyCase = (word: string) =>
  fc
    .array(fc.boolean(), { minLength: word.length, maxLength: word.length })
    .map((upper) => [...word].map((letter, at) => (upper[at] ? letter.toUpperCase() : letter)).join(''))

describe('comments, white space, case and quotes around a secret', () => {
  const SECRET = 'Xyzzy9-Plugh4'
  const literal = fc.constantFrom(
    `'${SECRET}'`,
    `E'${SECRET}'`,
    `N'${SECRET}'`,
    `U&'${SECRET}'`,
    `$$${SECRET}$$`,
    `$a$${SECRET}$a$`,
    `'it''s ${SECRET}'`,
    `E'\\'${SECRET}\\\\'`,
    `''\n'${SECRET}'`,
  )
  const column = fc.constantFrom('password', '"password"', 'users.password', 'pwd', '"userPassword"', 'U&"p\\0061ssword"')
  const form = fc.oneof(
    fc.tuple(fc.constantFrom('ALTER ROLE bob', 'CREATE USER "x y"', 'ALTER GROUP g WITH ENCRYPTED'), anyCase('password'), literal),
    fc.tuple(fc.constant('UPDATE users SET'), column, fc.constant('='), literal, fc.constantFrom('WHERE id = 1', ", name = 'Bob'", '')),
    fc.tuple(fc.constant('SELECT * FROM users WHERE'), column, fc.constantFrom('=', '<>', 'LIKE'), literal),
    fc.tuple(fc.constant('INSERT INTO users (id,'), column, fc.constant(') VALUES (1,'), literal, fc.constant(')')),
    fc.tuple(fc.constant('ALTER USER MAPPING FOR bob SERVER s OPTIONS ( SET'), anyCase('password'), literal, fc.constant(')')),
    fc.tuple(fc.constant('SELECT'), anyCase('crypt'), fc.constant('('), literal, fc.constant(", 'salt' )")),
    fc.tuple(fc.constant('SET'), fc.constantFrom('app.token', 'gatescribe.token'), fc.constantFrom('=', 'TO'), literal),
  )
  const statement = form
    .chain((parts) => fc.tuple(fc.constant(parts), fc.array(gap, { minLength: parts.length, maxLength: parts.length })))
    .map(([parts, gaps]) => parts.map((part, at) => part + (at < parts.length - 1 ? gaps[at] : '')).join(''))
  const inDollars = statement.map((text) => `DO $outer$ BEGIN ${text}; END $outer$`)
  const inQuotes = statement.map((text) => `DO ' BEGIN ${text.replaceAll("'", "''")}; END'`)
  const executed = statement.map((text) => `DO $outer$ BEGIN EXECUTE '${text.replaceAll("'", "''")}'; END $outer$`)

  it('never let it through', () => {
    fc.assert(
      fc.property(fc.oneof(statement, inDollars, inQuotes, executed), (text) => {
        const redacted = Buffer.from(redactSql(Buffer.from(text)).content).toString()
        expect(leaked({ text, secrets: [SECRET], rest: '' }, redacted)).toEqual([])
      }),
      RUNS,
    )
  })
})

describe('time', () => {
  const MIB = 1024 * 1024
  const hostile: readonly [what: string, piece: string][] = [
    ['names', 'password'],
    ['names and separators', 'password='],
    ['values', 'password=x '],
    ['open quotes', `password='`],
    ['keys of JSON', '"password":"'],
    ['web tokens', 'eyJhbGciOiJIUzI1NiJ9'],
    ['halves of web tokens', 'eyJhbGciOiJIUzI1NiJ9.e'],
    ['schemes', 'x://a:b'],
    ['users', 'x://'],
    ['private keys', '-----BEGIN PRIVATE KEY-----'],
    ['authorizations', 'authorization: '],
    ['prefixes', 'sk-'],
    ['comments', '/* password '],
    ['closed comments', '/**/password'],
    ['brackets', '(password '],
    ['lists', '(password,'],
    ['inserts', 'insert into t (password) select '],
    ['aliases', "'x' as password,"],
    ['dollars', '$a$password '],
    ['backslashes', 'password\\'],
    ['escapes', "E'\\x41' password "],
    ['literals in literals', "'''password"],
    ['cases', 'password = case '],
    ['casts', 'password::text'],
    ['qualified names', 'password.'],
    ['roles', 'alter role x password '],
    ['statements', "set a.password = 'x';"],
    ['operators', 'password+-*/'],
    ['formats', "format('password %L',"],
    ['concatenations', "'my password ' || "],
    ['names with digits', 'token1'],
  ]

  /** Beside a text of the same length in which there is nothing: the machine may be busy. */
  const timesAsLong = (bytes: Uint8Array, redact: (bytes: Uint8Array) => unknown): number => {
    const timed = (work: () => unknown) => {
      const started = performance.now()
      work()
      return performance.now() - started
    }
    const plain = Buffer.alloc(bytes.length, 'select 1; ')
    return timed(() => redact(bytes)) / Math.max(1, Math.min(...[1, 2, 3].map(() => timed(() => redact(plain)))))
  }

  // A megabyte of nothing takes 2 ms. What is read is at most half a megabyte of SQL, or so much that there are not too many words to look at.
  it.each(hostile)('is bounded: %s', (_, piece) => {
    for (const times of [20_000, 9_000]) {
      const bytes = Buffer.alloc(Math.min(MIB, times * piece.length), piece)
      expect(timesAsLong(bytes, redactSql)).toBeLessThan(2000)
      expect(timesAsLong(bytes, redactText)).toBeLessThan(2000)
    }
  })

  it.each(['(', "'x',", '-', '"x"', '$1 ', "''", 'a.', 'a ', "'\\"])(
    'is bounded for so much of %s with a secret in it as is still read',
    (piece) => {
      const bytes = Buffer.concat([Buffer.from("select password = 'x' "), Buffer.alloc(MIB / 2 - 64, piece)])
      expect(timesAsLong(bytes, redactSql)).toBeLessThan(2000)
    },
  )

  it('is given up where there is too much to look at, and nothing is kept', () => {
    const bytes = Buffer.alloc(MIB, 'password=x ')
    expect(redactText(bytes)).toMatchObject({ whole: true, found: [{ kind: 'content', count: 1 }] })
    expect(redactSql(bytes)).toMatchObject({ whole: true, found: [{ kind: 'statement', count: 1 }] })
  })
})
