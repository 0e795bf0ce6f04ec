import { dirname } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { found, needs } from './require.ts'

afterEach(() => vi.unstubAllEnvs())

const skipping = {
  skip(reason?: string): never {
    throw new Error(`skipped: ${reason}`)
  },
}

it('lets a test go on where the part is there', () => {
  needs(skipping, '/usr/bin/psql', 'psql')
})

it('skips with the reason where it is not', () => {
  vi.stubEnv('GATESCRIBE_REQUIRE_ALL', '')
  expect(() => needs(skipping, undefined, 'psql')).toThrow('skipped: needs psql')
})

it('fails instead where nothing may be missing', () => {
  vi.stubEnv('GATESCRIBE_REQUIRE_ALL', '1')
  expect(() => needs(skipping, undefined, 'psql')).toThrow(/^psql is not here, and GATESCRIBE_REQUIRE_ALL=1/)
})

it('finds a command on PATH, and no other', () => {
  vi.stubEnv('PATH', dirname(process.execPath))
  expect(found('node')).toBe(process.execPath)
  expect(found('no-such-command')).toBeUndefined()
})
