import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { MASKS_PAGE, masksPage } from '../../tools/masks-page.ts'

it('documents what each operator makes of each type as the code has it (npm run docs writes the table)', () => {
  const page = readFileSync(join(import.meta.dirname, '../..', MASKS_PAGE), 'utf8')
  expect(page).toBe(masksPage(page))
})
