import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ERRORS_PAGE, errorCatalogues, errorsPage } from '../../tools/errors-page.ts'

const root = join(import.meta.dirname, '../..')
const rooms = await errorCatalogues()
const listed = rooms.flatMap(({ room, catalogue }) => Object.keys(catalogue).map((code) => ({ room, code })))

it('documents every error code as the code has it (npm run docs writes the page)', () => {
  expect(listed.length).toBeGreaterThan(10)
  expect(readFileSync(join(root, ERRORS_PAGE), 'utf8')).toBe(errorsPage(rooms))
})

it('gives each code to one room', () => {
  const shared = listed.filter(({ code, room }) => listed.some((other) => other.code === code && other.room !== room))
  expect(shared).toEqual([])
})

it('says of each code what happened and what to do, in sentences', () => {
  for (const { catalogue } of rooms)
    for (const [code, { meaning, next }] of Object.entries(catalogue)) {
      expect(code).toMatch(/^GS(_[A-Z0-9]+)+$/)
      expect([code, meaning, next]).toEqual([code, expect.stringMatching(/^\S.+[.]$/), expect.stringMatching(/^\S.+[.]$/)])
    }
})

it('knows every code that the source names', () => {
  const known = new Set(listed.map(({ code }) => code))
  const unknown = globSync('src/**/*.ts', { cwd: root, exclude: ['**/*.test.ts'] }).flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/'(GS_[A-Z0-9_]*[A-Z0-9])'/g)]
      .filter(([, code]) => !known.has(code ?? ''))
      .map(([, code]) => `${file}: ${code}`),
  )
  expect(unknown).toEqual([])
})
