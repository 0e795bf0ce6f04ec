import { evasions } from '../evasion.ts'

const DECOY = 'SET search_path = decoy'

/** Prepared statements and cursors of SQL, by which a text is meant again later. */
export const prepared = evasions('found', {
  'a prepared statement that is planned anew': [
    'SET search_path = decoy',
    'PREPARE p AS DELETE FROM orders',
    'SET search_path = shop',
    'EXECUTE p',
  ],
  'a prepared statement that is planned anew in a transaction': [
    'SET search_path = decoy',
    'PREPARE p AS DELETE FROM orders',
    'BEGIN',
    'SET LOCAL search_path = shop',
    'EXECUTE p',
    'COMMIT',
  ],
  'a prepared statement that is planned anew when a table goes': [
    'SET search_path = decoy, shop',
    'PREPARE p AS DELETE FROM orders',
    'DROP TABLE decoy.orders',
    'EXECUTE p',
  ],
  'a prepared statement that is planned anew when a temporary table goes': [
    'SET search_path = shop',
    'CREATE TEMP TABLE orders (id int)',
    'PREPARE p AS DELETE FROM orders',
    'DROP TABLE pg_temp.orders',
    'EXECUTE p',
  ],
  'a prepared statement that is planned anew with ROLLBACK': [
    'SET search_path = shop',
    'BEGIN',
    DECOY,
    'PREPARE p AS DELETE FROM orders',
    'ROLLBACK',
    'EXECUTE p',
  ],
  'a prepared statement that is explained': [
    'SET search_path = decoy',
    'PREPARE p AS DELETE FROM orders',
    'SET search_path = shop',
    'EXPLAIN ANALYZE EXECUTE p',
  ],
  'a prepared statement that is stored': [
    'SET search_path = decoy',
    'PREPARE p AS SELECT * FROM secrets',
    'SET search_path = shop',
    'CREATE TABLE public.mine AS EXECUTE p',
    'EXECUTE p',
  ],
  'a prepared statement that is made anew': [
    'PREPARE p AS SELECT 1',
    'DEALLOCATE p',
    DECOY,
    'PREPARE p AS DELETE FROM orders',
    'SET search_path = shop',
    'EXECUTE p',
  ],
  'a prepared statement of a long name': [
    DECOY,
    `PREPARE ${'p'.repeat(70)} AS DELETE FROM orders`,
    `PREPARE ${'q'.repeat(70)} AS SELECT 1`,
    'SET search_path = shop',
    `EXECUTE ${'p'.repeat(63)}`,
  ],
  'a prepared statement of a name in quotes': [DECOY, `PREPARE "P p" AS DELETE FROM orders`, 'SET search_path = shop', `EXECUTE "P p"`],
  'a cursor that was opened by another path': [
    'SET search_path = shop',
    'BEGIN',
    'DECLARE c CURSOR FOR TABLE secrets',
    DECOY,
    'FETCH ALL c',
    'COMMIT',
  ],
  'a cursor that was declared twice': [
    'BEGIN',
    'DECLARE c CURSOR FOR SELECT 1',
    'CLOSE c',
    'SELECT shop.opened()',
    'FETCH ALL FROM opened',
    'COMMIT',
  ],
  'a cursor for update, by its name': [
    'SET search_path = decoy, shop',
    'BEGIN',
    'DECLARE c CURSOR FOR SELECT * FROM shop.orders FOR UPDATE',
    'FETCH c',
    'DROP TABLE decoy.orders',
    'UPDATE orders SET total = 0 WHERE CURRENT OF c',
    'COMMIT',
  ],
})
