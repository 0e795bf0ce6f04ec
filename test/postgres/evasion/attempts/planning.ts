import { bind, describe, flush, parse, query, sync } from '../../../../src/protocols/postgres/wire/build.ts'
import { evasions } from '../evasion.ts'

/** The error of its cast tells what was read; PostgreSQL computes it when it plans, as the function says that it is immutable. */
const TELLS = 'shop.reveal_one(1)::int'

/** Statements that are planned and never executed, and expressions that are computed where they are defined. */
export const planning = evasions('found', {
  'bound and never executed': async (stage) => {
    const actor = await stage.session()
    await actor.send(parse('', `SELECT ${TELLS}`), bind('', ''), sync())
  },
  'bound and only described': async (stage) => {
    const actor = await stage.session()
    await actor.send(parse('', `SELECT ${TELLS}`), bind('p', ''), describe('P', 'p'), sync())
  },
  'bound with a value and never executed': async (stage) => {
    const actor = await stage.session()
    await actor.send(parse('', 'SELECT shop.reveal_one($1)::int'), bind('', '', ['1']), sync())
  },
  'bound, flushed and left': async (stage) => {
    const actor = await stage.session()
    actor.throw(parse('s', `SELECT ${TELLS}`), bind('p', 's'), flush())
    await stage.pause()
    await actor.send(sync())
  },
  'bound among others and never executed': async (stage) => {
    const actor = await stage.session()
    await actor.send(
      query('BEGIN'),
      parse('s', `SELECT ${TELLS}`),
      parse('t', 'SELECT 1'),
      bind('p', 's'),
      bind('q', 't'),
      sync(),
      query('COMMIT'),
    )
  },
  'a cursor that nothing is fetched from': ['BEGIN', `DECLARE c CURSOR FOR SELECT ${TELLS}`, 'COMMIT'],
  'a plan of a cursor': `EXPLAIN DECLARE c CURSOR FOR SELECT ${TELLS}`,
  'a plan of a table that is made': `EXPLAIN CREATE TABLE public.mine AS SELECT ${TELLS}`,
  'a plan of what is prepared': [`PREPARE p AS SELECT ${TELLS}`, 'EXPLAIN EXECUTE p'],
  'a plan of what is prepared for a value': ['PREPARE p(int) AS SELECT shop.reveal_one($1)::int', 'EXPLAIN EXECUTE p(1)'],
  'a plan of an INSERT': `EXPLAIN INSERT INTO shop.loose (id) SELECT ${TELLS}`,
  'a plan of a view': [`CREATE VIEW public.mine AS SELECT ${TELLS} AS n`, 'EXPLAIN TABLE public.mine'],
  'a bound of a partition that tells': `CREATE TABLE public.mine PARTITION OF shop.vault FOR VALUES IN (${TELLS})`,
  'a condition of an index that tells': `CREATE INDEX ON shop.harmless (id) WHERE ${TELLS} = id`,
  'an index that tells': `CREATE INDEX ON shop.harmless ((id + ${TELLS}))`,
  'an added column that tells': `ALTER TABLE shop.loose ADD n int DEFAULT ${TELLS}`,
  'an added check that tells': `ALTER TABLE shop.loose ADD CHECK (id > ${TELLS})`,
  'an added domain that tells': [`CREATE DOMAIN public.mine AS int DEFAULT ${TELLS}`, 'ALTER TABLE shop.loose ADD n public.mine'],
  'a generated column that tells': `ALTER TABLE shop.loose ADD n int GENERATED ALWAYS AS (id + ${TELLS}) STORED`,
  'an argument of EXECUTE that tells': ['PREPARE p(int) AS SELECT $1', `EXECUTE p(${TELLS})`],
  'an argument of CALL that tells': ['CREATE PROCEDURE public.mine(int) LANGUAGE sql AS $$SELECT 1$$', `CALL public.mine(${TELLS})`],
  'statistics that tell': [`CREATE STATISTICS shop.mine ON (id + ${TELLS}), word FROM shop.harmless`, 'ANALYZE shop.harmless'],
  'a number of rows that tells': [`DECLARE c CURSOR WITH HOLD FOR SELECT 1 LIMIT ${TELLS}`],
})
