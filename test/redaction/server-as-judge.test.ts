import fc from 'fast-check'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redactSql } from '../../src/redaction/index.ts'
import { type RunningPostgres, startPostgres } from '../parts/postgres.ts'
import { leaked } from './corpus/marked.ts'

/*
 * PostgreSQL itself says which statements set a password: those after which the role has another one. Of these, and of all others, nothing
 * of the password may be left. Statements are made from pieces, so that most are accepted; how many is checked too.
 */

let server: RunningPostgres
let client: Client
beforeAll(async () => {
  server = await startPostgres()
  client = new Client(server.url)
  await client.connect()
  await client.query('CREATE EXTENSION dblink; CREATE EXTENSION pgcrypto; CREATE EXTENSION postgres_fdw')
  await client.query('CREATE ROLE bob LOGIN')
  await client.query('CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw')
})
afterAll(async () => {
  await client?.end()
  await server?.stop()
})

const passwordOf = async () => (await client.query("SELECT rolpassword FROM pg_authid WHERE rolname = 'bob'")).rows[0].rolpassword

/** Whether the server takes the statement. */
async function accepted(statement: string): Promise<boolean> {
  try {
    await client.query(statement)
    return true
  } catch {
    await client.query('ROLLBACK')
    return false
  }
}

const CORE = 'Xyzzy9Plugh4'
const redactedText = (statement: string) => Buffer.from(redactSql(Buffer.from(statement)).content).toString()
const leaks = (statement: string) => leaked({ text: statement, secrets: [CORE], rest: '' }, redactedText(statement))

const blank = fc.constantFrom(' ', '\n', '\t\t', ' /* x */ ', " /* it's /* nested */ */ ", " -- it's\n", '/**/', '\f', '\r\n')
const surrounded = fc.constantFrom('', 'a', "'", "''", '\\', '"', '$$', '$', ';', '--', '/*', 'é', ' ', '%', ' PASSWORD ')

/** Where backslashes escape, the server takes 3 and 4 of no one: rarer, so that most statements still set a password. */
const spellings = fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 5, 6, 6, 6)

/** One password in one of the spellings that PostgreSQL has for a constant. */
const constant = fc.tuple(surrounded, surrounded, spellings).map(([before, after, spelling]) => {
  const password = before + CORE + after
  const doubled = password.replaceAll("'", "''")
  const escaped = password.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
  switch (spelling) {
    case 0:
      return `$pw$${password}$pw$`
    case 1:
      return `E'${escaped}'`
    case 2:
      return `E'${escaped.replace('X', '\\x58').replace('P', '\\120')}'`
    case 3:
      return `U&'${doubled.replaceAll('\\', '\\\\').replace('X', '\\0058')}'`
    case 4:
      return `U&'${doubled.replaceAll('!', '!!').replace('X', '!0058')}' UESCAPE '!'`
    case 5:
      return `'${doubled.slice(0, doubled.indexOf('Plugh4'))}'\n -- it's\n '${doubled.slice(doubled.indexOf('Plugh4'))}'`
    default:
      return `'${doubled}'`
  }
})

const inAnyCase = (word: string) =>
  fc.nat(2).map((form) => (form === 0 ? word : form === 1 ? word.toLowerCase() : `${word[0]}${word.slice(1).toLowerCase()}`))

const alter = fc
  .tuple(
    fc.constantFrom(
      'ALTER ROLE bob',
      'ALTER USER "bob"',
      'ALTER ROLE U&"b\\006fb"',
      'ALTER ROLE bob LOGIN',
      'ALTER USER bob CONNECTION LIMIT 7',
    ),
    fc.constantFrom('', 'WITH', 'WITH ENCRYPTED', 'ENCRYPTED'),
    inAnyCase('PASSWORD'),
    constant,
    fc.constantFrom('', "VALID UNTIL '2099-01-01'", 'NOCREATEDB'),
    fc.array(blank, { minLength: 4, maxLength: 4 }),
  )
  .map(([verb, withs, word, literal, rest, gaps]) => `${verb}${gaps[0]}${withs}${gaps[1]}${word}${gaps[2]}${literal}${gaps[3]}${rest}`)

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`
const escaped = (text: string) => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

/** The same, in everything that runs SQL that stands in a string. */
const wrapped = fc.tuple(alter, fc.nat(7)).map(([statement, way]) => {
  switch (way) {
    case 0:
      return `SELECT 1; ${statement}; SELECT 2`
    case 1:
      return `DO $do$ BEGIN ${statement}; END $do$`
    case 2:
      return `DO ${quoted(`BEGIN ${statement}; END`)}`
    case 3:
      return `DO ${escaped(`BEGIN ${statement}; END`)} LANGUAGE plpgsql`
    case 4:
      return `DO $do$ BEGIN EXECUTE ${quoted(statement)}; END $do$`
    case 5:
      return `DO $do$ BEGIN EXECUTE $ex$${statement}$ex$; END $do$`
    case 6:
      return `SELECT dblink_exec('host=127.0.0.1 port=${server?.port} user=postgres dbname=postgres', ${quoted(statement)})`
    default:
      return statement
  }
})

async function judge(statements: fc.Arbitrary<string>, runs: number, settings: string): Promise<{ changed: number; kept: number }> {
  await client.query(settings)
  let changed = 0
  let kept = 0
  await fc.assert(
    fc.asyncProperty(statements, async (statement) => {
      const before = await passwordOf()
      await accepted(statement)
      if ((await passwordOf()) !== before) changed++
      if (!redactSql(Buffer.from(statement)).whole) kept++
      expect(leaks(statement)).toEqual([])
    }),
    { numRuns: runs },
  )
  return { changed, kept }
}

describe('every statement by which the server sets a password is redacted', () => {
  it.each([
    ['as it is by default', 'SET standard_conforming_strings = on'],
    [
      'where backslashes escape in every literal',
      'SET standard_conforming_strings = off; SET escape_string_warning = off; SET backslash_quote = on',
    ],
  ])(
    '%s',
    async (_, settings) => {
      const runs = 600
      const { changed, kept } = await judge(wrapped, runs, settings)
      // Else the pieces make no statements, or everything is replaced and nothing has been shown.
      expect(changed).toBeGreaterThan(runs / 2)
      expect(kept).toBeGreaterThan(runs / 2)
    },
    120_000,
  )
})

describe('the server takes these, and nothing is left of the secret', () => {
  it.each([
    `CREATE USER MAPPING FOR bob SERVER far OPTIONS (user 'u', password '${CORE}')`,
    `ALTER USER MAPPING FOR bob SERVER far OPTIONS (SET password E'${CORE}')`,
    `ALTER USER MAPPING FOR bob SERVER far OPTIONS (SET "password" $$${CORE}$$)`,
    `CREATE SUBSCRIPTION s CONNECTION 'host=h password=${CORE}' PUBLICATION p WITH (connect = false)`,
    `SELECT crypt('${CORE}', gen_salt('bf', 4))`,
    `SELECT pgp_sym_encrypt('x', '${CORE}')`,
    `SET SESSION gatescribe.token TO ${CORE}`,
    `SET app.secret = '${CORE}'`,
    `SELECT set_config('app.password', '${CORE}', false)`,
    `ALTER ROLE bob SET app.token TO '${CORE}'`,
    `ALTER SYSTEM SET primary_conninfo = 'host=h password=${CORE}'`,
    `PREPARE p AS SELECT crypt('${CORE}', $1)`,
    `SELECT jsonb_build_object('password', '${CORE}')`,
    `CREATE TEMP TABLE t (password text DEFAULT '${CORE}')`,
    `CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'ALTER ROLE bob PASSWORD ''${CORE}'''`,
  ])('%s', async (statement) => {
    await client.query('SET standard_conforming_strings = on')
    expect(await accepted(statement)).toBe(true)
    expect(leaks(statement)).toEqual([])
  })
})

describe('what is redacted is still a statement', () => {
  it('for the server, where it was one before and not everything was replaced', async () => {
    await client.query('SET standard_conforming_strings = on')
    await fc.assert(
      fc.asyncProperty(alter, async (statement) => {
        const { whole, content } = redactSql(Buffer.from(statement))
        if (whole || !(await accepted(statement))) return
        expect(await accepted(Buffer.from(content).toString())).toBe(true)
      }),
      { numRuns: 100 },
    )
  })
})
