import { loadModule, parseSync } from 'libpg-query'
import { beforeAll, describe, expect, it } from 'vitest'
import { catalogOf } from '../../../../../test/parts/shop-catalog.ts'
import { analyse } from './index.ts'

const catalog = catalogOf({
  relations: {
    'shop.remote': { kind: 'foreign table', columns: ['id', 'code'] },
    'shop.here': { columns: ['id'] },
    'shop.over_remote': { columns: ['code'], uses: { 'shop.remote': ['code'] }, calls: [] },
  },
})
const view = { searchPath: ['public'], temporary: [], catalogKnown: true, readOnly: false }
beforeAll(() => loadModule())
const sqlOf = (text: string) => analyse(parseSync(text), catalog, view)[0]?.sql

describe('a foreign table, which may lead anywhere, also back', () => {
  it.each(['SELECT * FROM shop.remote', 'SELECT code FROM shop.over_remote', 'SELECT id FROM shop.here JOIN shop.remote USING (id)'])(
    'leaves unknown what is read, and what runs there: %s',
    (text) => {
      expect(sqlOf(text)).not.toHaveProperty('reads')
      expect(sqlOf(text)).not.toHaveProperty('writes')
    },
  )

  it.each(['DELETE FROM shop.remote WHERE id = 1', "INSERT INTO shop.remote VALUES (1, 'x')"])(
    'leaves unknown what is written: %s',
    (text) => {
      expect(sqlOf(text)).not.toHaveProperty('writes')
    },
  )

  it('may be dropped by its name', () => {
    expect(sqlOf('DROP FOREIGN TABLE shop.remote')?.writes).toEqual(['shop.remote'])
  })
})

it.each(['ALTER SCHEMA shop RENAME TO other', 'ALTER EXTENSION hstore SET SCHEMA other'])(
  'what gives other names to relations that it does not name may write any: %s',
  (text) => {
    expect(sqlOf(text)).not.toHaveProperty('writes')
  },
)
