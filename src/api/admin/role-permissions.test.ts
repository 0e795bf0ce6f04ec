import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { permissions } from '../local/permissions.ts'
import { rolesThatMay } from './role-permissions.ts'

const page = readFileSync(new URL('../../../docs/api.md', import.meta.url), 'utf8')

it.each(permissions.filter((permission) => permission !== 'anybody' && permission !== 'signed-in'))(
  'docs/api.md says who has %s',
  (permission) => {
    expect(page).toContain(`| \`${permission}\` | ${rolesThatMay(permission).join(', ')} | `)
  },
)
