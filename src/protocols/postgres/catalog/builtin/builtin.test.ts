import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningPostgres, startPostgres } from '../../../../../test/parts/postgres.ts'
import { type Builtins, builtinsOf } from '../../../../../tools/builtins.ts'
import { POSTGRES_ACTIONS } from '../../../../operations/index.ts'
import { GIVES_ROWS } from './flow.ts'
import { builtinFunction, builtinOperator, builtinType, flowIsKnown } from './index.ts'
import { SPECIAL_EFFECTS } from './special-functions.ts'

const harmless = (schema: string, name: string) => builtinFunction(schema, name)?.kind === 'harmless'

describe('what comes with PostgreSQL', () => {
  let server: RunningPostgres
  let live: Builtins
  beforeAll(async () => {
    server = await startPostgres()
    live = await builtinsOf(server)
  })
  afterAll(() => server.stop())

  it('is known by name, as a running server has it', () => {
    expect([...live.functions].filter((name) => !harmless('pg_catalog', name))).toEqual([])
    expect([...live.informationFunctions].filter((name) => !harmless('information_schema', name))).toEqual([])
    expect([...live.operators].filter((name) => !builtinOperator(name))).toEqual([])
    expect([...live.types].filter((name) => !builtinType('pg_catalog', name))).toEqual([])
    expect([...live.informationTypes].filter((name) => !builtinType('information_schema', name))).toEqual([])
  })
  it('is not harmless where the server says that it is volatile and nobody has judged it', () => {
    expect([...live.unlisted].filter((name) => builtinFunction('pg_catalog', name))).toEqual([])
    expect(live.unlisted).toContain('domain_in')
    expect(live.unlisted).toContain('plpgsql_validator')
  })
  it('does not know what it has never seen', () => {
    expect(builtinFunction('pg_catalog', 'pg_file_write')).toBeUndefined()
    expect(builtinFunction('public', 'lower')).toBeUndefined()
    expect(builtinOperator('@@@@')).toBe(false)
    expect(builtinType('pg_catalog', 'citext')).toBe(false)
    expect(builtinFunction('pg_catalog', 'constructor')).toBeUndefined()
  })
  it('has an effect where it reads or changes more than it is given', () => {
    const effects = Object.fromEntries(
      [
        'table_to_xml',
        'pg_read_file',
        'pg_ls_waldir',
        'nextval',
        'pg_terminate_backend',
        'lo_get',
        'pg_logical_slot_peek_changes',
        'ts_stat',
      ].map((name) => {
        const builtin = builtinFunction('pg_catalog', name)
        return [name, builtin?.kind === 'effect' ? `${builtin.effect.class}: ${builtin.effect.action}` : builtin]
      }),
    )
    expect(effects).toEqual({
      table_to_xml: 'opaque: dynamic sql',
      pg_read_file: 'admin: server file',
      pg_ls_waldir: 'admin: server file',
      nextval: 'write: sequence',
      pg_terminate_backend: 'backend: backend signal',
      lo_get: 'read: large object',
      pg_logical_slot_peek_changes: 'admin: replication',
      ts_stat: 'opaque: dynamic sql',
    })
  })
  it('gives as many rows as it is told to, where a running server says that it gives rows', async () => {
    const rows = await server.query(`SELECT DISTINCT proname::text AS name FROM pg_proc WHERE proretset AND pronargs > 0 AND oid < 16384`)
    const known = rows
      .map(({ name }) => String(name))
      .filter((name) => harmless('pg_catalog', name) || harmless('information_schema', name))
    expect([...GIVES_ROWS].sort()).toEqual(known.sort())
  })
  it('shows what it is given and nothing else, where it is called so', () => {
    const flows = (name: string) => flowIsKnown('pg_catalog', name)
    expect(['lower', 'max', 'to_jsonb', 'nextval', 'pg_notify', 'set_config', 'pg_get_viewdef'].filter((name) => !flows(name))).toEqual([])
    const others =
      'query_to_xml table_to_xml pg_read_file pg_ls_dir lo_get loread pg_mcv_list_items pg_stat_get_activity ts_stat dblink lower_case'
    expect(others.split(' ').filter(flows)).toEqual([])
  })
  it('has only effects that rules can name', () => {
    for (const { class: name, action } of SPECIAL_EFFECTS) expect(POSTGRES_ACTIONS.get(action)?.class, action).toBe(name)
  })
  it('is harmless only as far as the types of users are, where it runs their code', () => {
    expect(builtinFunction('pg_catalog', 'to_jsonb')).toEqual({ kind: 'harmless', unless: 'casts' })
    expect(builtinFunction('pg_catalog', 'json_populate_record')).toEqual({ kind: 'harmless', unless: 'inputs' })
    expect(builtinFunction('pg_catalog', 'pg_input_is_valid')).toEqual({ kind: 'harmless', unless: 'inputs' })
    expect(builtinFunction('pg_catalog', 'lower')).toEqual({ kind: 'harmless' })
  })
})
