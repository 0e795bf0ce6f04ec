import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { settingAction } from '../sql/facts/settings.ts'
import type { SessionView } from '../sql/statement-facts.ts'
import { DoorError } from './errors.ts'
import { splitOptions } from './split-options.ts'
import { PASSED_SETTINGS, PASSED_VALUES, readStartUp } from './start-up-settings.ts'

const startUp = (parameters: Record<string, string>) => readStartUp(new Map(Object.entries({ user: 'run_1', ...parameters })))
const codeOf = (parameters: Record<string, string>) => {
  try {
    startUp(parameters)
  } catch (error) {
    return (error as DoorError).code
  }
  return 'accepted'
}

describe('options', () => {
  it.each([
    ['-c a=b', [['a', 'b']]],
    ['-ca=b', [['a', 'b']]],
    ['--a-b=c d=', 'GS_POSTGRES_SETTING_REFUSED'],
    ['--a-b=c', [['a_b', 'c']]],
    ['  -c   a=b\t-c\nc=d  ', [['a', 'b'], ['c', 'd']]], // biome-ignore format: one line
    ['-c a=b\\ c', [['a', 'b c']]],
    ['-c a=b\\\\c', [['a', 'b\\c']]],
    ['-c a=b\\', [['a', 'b']]],
    ['-c a=', [['a', '']]],
    ['-c a=b=c', [['a', 'b=c']]],
    ['', []],
    ['-c', 'GS_POSTGRES_SETTING_REFUSED'],
    ['-c a', 'GS_POSTGRES_SETTING_REFUSED'],
    ['-c =a', 'GS_POSTGRES_SETTING_REFUSED'],
    ['--', 'GS_POSTGRES_SETTING_REFUSED'],
    ['-d 5', 'GS_POSTGRES_SETTING_REFUSED'],
    ['-v 3', 'GS_POSTGRES_SETTING_REFUSED'],
  ] as const)('are taken apart as PostgreSQL does: %j', (options, expected) => {
    let outcome: unknown
    try {
      outcome = splitOptions(options)
    } catch (error) {
      outcome = (error as DoorError).code
    }
    expect(outcome).toEqual(expected)
  })

  it('are either understood or refused, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('-c', ' ', '\\', 'a=b', '--', '-', '=', 'gatescribe.token=x', '\u{1f600}')), (parts) => {
        try {
          readStartUp(new Map([['user', 'a'], ['options', parts.join('')]])) // biome-ignore format: one line
        } catch (error) {
          expect(error).toBeInstanceOf(DoorError)
        }
      }),
    )
  })
})

describe('a start-up packet', () => {
  it('gives up our own settings and passes the listed ones on', () => {
    expect(
      startUp({
        options: '-c gatescribe.token=gs_pg_x -c GATESCRIBE.Resource=orders -c timezone=UTC',
        TimeZone: 'CET',
        client_encoding: 'UTF8',
        application_name: 'psql',
        database: 'orders',
      }),
    ).toEqual({
      user: 'run_1',
      database: 'orders',
      token: 'gs_pg_x',
      resource: 'orders',
      settings: new Map([
        ['TimeZone', 'CET'],
        ['client_encoding', 'UTF8'],
        ['application_name', 'psql'],
      ]),
    })
  })

  it('names the user as the database where it names none (PG-13)', () => {
    expect(startUp({}).database).toBe('run_1')
    expect(startUp({ database: '' }).database).toBe('run_1')
  })

  it('is refused without a user (PG-13)', () => {
    expect(codeOf({ user: '' })).toBe('GS_POSTGRES_USER_MISSING')
  })

  it.each(['database', 'true', 'on', 'yes', '1', ''])('is refused with replication=%s', (replication) => {
    expect(codeOf({ replication })).toBe('GS_POSTGRES_REPLICATION_REFUSED')
  })

  it('takes replication=false for the ordinary connection that it is', () => {
    expect(startUp({ replication: 'false' }).settings.size).toBe(0)
  })

  // What each sends by itself, or has a documented option for.
  it.each([
    ['libpq', { client_encoding: 'UTF8', datestyle: 'ISO', timezone: 'UTC', geqo: 'off', application_name: 'psql' }],
    ['node-postgres', { client_encoding: 'UTF8', statement_timeout: '1', lock_timeout: '1', idle_in_transaction_session_timeout: '60000' }],
    [
      'pgjdbc',
      { client_encoding: 'UTF8', DateStyle: 'ISO', TimeZone: 'CET', extra_float_digits: '2', options: '-c statement_timeout=90000' },
    ],
    ['asyncpg', { client_encoding: "'utf-8'", jit: 'off' }],
    ['SQLx', { DateStyle: 'ISO, MDY', client_encoding: 'UTF8', TimeZone: 'UTC', extra_float_digits: '2' }],
    ['R2DBC', { client_encoding: 'utf8', DateStyle: 'ISO', IntervalStyle: 'ISO_8601', extra_float_digits: '2', TimeZone: 'CET' }],
    ['Npgsql', { client_encoding: 'UTF8', TimeZone: 'CET', options: '-c idle_session_timeout=5min' }],
    ['lib/pq', { client_encoding: 'UTF8', datestyle: 'ISO, MDY', extra_float_digits: '2' }],
    ['who only reads', { options: '-c default_transaction_read_only=on -c client_min_messages=WARNING -c transaction_timeout=30s' }],
  ] as const)('passes as %s has it', (_, parameters) => {
    const { settings } = startUp(parameters as Record<string, string>)
    const names = [...Object.keys(parameters), ...((parameters as { options?: string }).options?.match(/\w+(?==)/g) ?? [])]
    expect([...settings.keys()].map((name) => name.toLowerCase()).sort()).toEqual(
      names.filter((name) => name !== 'options').map((name) => name.toLowerCase()).sort(), // biome-ignore format: one line
    )
  })

  it.each([
    ...PASSED_SETTINGS.map((name) => [name, 'anything']),
    ...[...PASSED_VALUES].flatMap(([name, values]) => values.map((value) => [name, value])),
  ])('passes nothing that SET would need more than a session for: %s = %s', (name = '', value = '') => {
    expect(settingAction(name.toLowerCase(), value, { readOnly: true } as SessionView)).toBe('set')
  })

  it.each([
    { search_path: 'evil' },
    { search_path: '' },
    { row_security: 'off' },
    { standard_conforming_strings: 'off' },
    { default_transaction_read_only: 'off' },
    { default_transaction_read_only: '' },
    { default_transaction_read_only: 'on\0' },
    { client_min_messages: 'debug5' },
    { options: '-c search_path=evil' },
    { options: '-c default_transaction_read_only=off' },
    { options: '--session-authorization=admin' },
    { role: 'admin' },
    { 'gatescribe.other': 'x' },
    { options: '-c gatescribe.token=a -c gatescribe.token=b' },
    { options: '-c gatescribe.token=a', 'gatescribe.token': 'b' },
  ])('is refused with %j', (parameters) => {
    expect(codeOf(parameters as Record<string, string>)).toBe('GS_POSTGRES_SETTING_REFUSED')
  })

  it('says which setting was refused, and never a value', () => {
    expect(() => startUp({ client_min_messages: 'secret' })).toThrow(/"client_min_messages" is passed on by this gateway only as notice/)
    expect(() => startUp({ options: '-c search_path=secret' })).toThrow(/"search_path"/)
    expect(() => startUp({ options: '-c search_path=secret' })).not.toThrow(/secret/)
  })
})

it.each([
  ['the user', { user: 'gs_run_0123456789' }],
  ['the database', { database: 'gs_pg_0123456789' }],
  ['the application', { application_name: 'job gs_run_0123456789' }],
  ['an option', { options: '-c application_name=gs_pg_0123456789' }],
])('refuses a credential of ours in place of %s, where it would be written down and sent on', (_, parameters) => {
  expect(codeOf(parameters)).toBe('GS_POSTGRES_CREDENTIAL_MISPLACED')
})
