import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PASSED_SETTINGS, PASSED_VALUES } from '../../../src/protocols/postgres/door/start-up-settings.ts'

const read = (name: string) => readFileSync(join(import.meta.dirname, '../../..', name), 'utf8')
const page = read('docs/postgres.md')

it('says which version of each client was tried', () => {
  const python = [...read('test/postgres/requirements.txt').matchAll(/^(psycopg|asyncpg|SQLAlchemy|Django)(?:\[\w+\])?==(.+)$/gm)]
  const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: Record<string, string> }
  const tried = [
    ...python.map(([, name, version]) => [name, version]),
    ['node-postgres', devDependencies.pg],
    ['pgx', /pgx\/v5 v(\S+)/.exec(read('test/postgres/drivers/pgx/go.mod'))?.[1]],
    ['pgjdbc', /postgresql-(.+)\.jar/.exec(read('test/postgres/drivers/pgjdbc/jar.sha256'))?.[1]],
  ]
  expect(tried).toHaveLength(7)
  for (const [name, version] of tried) expect(page).toContain(`| ${name} | ${version} |`)
})

it('lists the settings that pass when a client connects, and no other', () => {
  const listed = [...page.matchAll(/^\| (.+) \| (?:yes|only as .+) \|$/gm)].flatMap(([, names = '']) => names.match(/\w+/g))
  expect(listed.sort()).toEqual([...PASSED_SETTINGS, ...PASSED_VALUES.keys(), 'replication'].sort())
})
