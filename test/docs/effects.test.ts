import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PLANE_KINDS, PLANES } from '../../src/operations/index.ts'
import { effectsPages } from '../../tools/effects-page.ts'

it.each(PLANE_KINDS)('documents every action of %s as the code has it (npm run docs writes the page)', (kind) => {
  const { page, actions } = PLANES[kind]
  const text = readFileSync(join(import.meta.dirname, '../..', page), 'utf8')
  expect(text).toBe(effectsPages().get(page))
  for (const action of actions.keys()) expect(text).toContain(`\`${kind}.${action}\``)
})
