import { describe, expect, it } from 'vitest'
import { factsOf } from '../../../../../test/parts/facts-of.ts'

/** `reads` and `writes` as rules see them; undefined is unknown. */
const reached = (sql: string) => {
  const { reads, writes } = factsOf(sql).sql
  return { reads, writes }
}

const ANYTHING = { reads: undefined, writes: undefined }

describe('files of the server may be those of any table', () => {
  it.each([
    `SELECT pg_read_file('base/1/2')`,
    'SELECT pg_catalog.pg_read_binary_file(pg_relation_filepath($1))',
    `SELECT lo_import('base/1/2')`,
    `SELECT lo_export(1, 'base/1/2')`,
    'SELECT * FROM pg_hba_file_rules()',
    'SELECT * FROM pg_file_settings',
    `COPY t TO '/tmp/x'`,
    `COPY t FROM '/tmp/x'`,
    `COPY t FROM PROGRAM 'cat base/1/2'`,
    `COPY (SELECT 1) TO PROGRAM 'cat > base/1/2'`,
    `LOAD 'x'`,
    'CREATE EXTENSION x',
    `ALTER SYSTEM SET archive_command = 'cat base/1/2'`,
    `CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p`,
  ])('%s', (sql) => {
    expect(reached(sql)).toEqual(ANYTHING)
  })

  it('but not how large they are', () => {
    expect(reached('SELECT * FROM pg_ls_waldir()')).toEqual({ reads: [], writes: [] })
    expect(reached('COPY t TO STDOUT')).toEqual({ reads: ['public.t'], writes: [] })
  })
})

describe('rows that a constraint refuses are shown by the error', () => {
  it.each([
    'UPDATE shop.secrets SET id = NULL',
    'DELETE FROM shop.secrets',
    `INSERT INTO shop.secrets VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET id = NULL`,
    'MERGE INTO shop.secrets USING t ON true WHEN MATCHED THEN UPDATE SET id = NULL',
    'ALTER TABLE shop.secrets ADD FOREIGN KEY (token) REFERENCES t',
    'ALTER TABLE shop.secrets ADD UNIQUE (token)',
    'CREATE UNIQUE INDEX ON shop.secrets (id)',
    'REINDEX TABLE shop.secrets',
  ])('%s', (sql) => {
    expect(reached(sql).reads).toContain('shop.secrets')
  })

  it('of whatever is updated or deleted with it', () => {
    expect(reached('UPDATE shop.customers SET id = 1').reads).toEqual(['shop.customers', 'shop.notes'])
    expect(reached('UPDATE shop.orders_2025 SET id = NULL').reads).toEqual(['shop.orders', 'shop.orders_2025'])
    expect(reached('UPDATE shop.orders SET id = NULL').reads).toEqual(['shop.orders', 'shop.orders_2025', 'shop.orders_2026'])
    expect(reached('DELETE FROM shop.contacts').reads).toEqual(['shop.contacts', 'shop.customers'])
  })

  it('and not those of a table that rows are only added to', () => {
    expect(reached('INSERT INTO shop.secrets VALUES (1)').reads).toEqual([])
    expect(reached('COPY shop.secrets FROM STDIN').reads).toEqual([])
  })
})
