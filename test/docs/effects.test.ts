import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { POSTGRES_ACTIONS } from '../../src/operations/index.ts'
import { EFFECTS_PAGE, effectsPage } from '../../tools/effects-page.ts'

it('documents every action of PostgreSQL as the code has it (npm run docs writes the page)', () => {
  const page = readFileSync(join(import.meta.dirname, '../..', EFFECTS_PAGE), 'utf8')
  expect(page).toBe(effectsPage())
  for (const action of POSTGRES_ACTIONS.keys()) expect(page).toContain(`\`postgres.${action}\``)
})
