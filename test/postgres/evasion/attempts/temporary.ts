import { evasions } from '../evasion.ts'

const PURGE = 'DELETE FROM orders'

/** Temporary tables that stand before a lasting one, and go. */
export const temporary = evasions('found', {
  'a temporary table that is dropped': ['SET search_path = shop', 'CREATE TEMP TABLE orders (id int)', 'DROP TABLE orders', PURGE],
  'a temporary table that is dropped by its schema': [
    'SET search_path = shop',
    'CREATE TEMP TABLE orders (id int)',
    'DROP TABLE pg_temp.orders',
    PURGE,
  ],
  'a temporary table that ends with the transaction': [
    'SET search_path = shop',
    'BEGIN',
    'CREATE TEMP TABLE orders (id int) ON COMMIT DROP',
    'COMMIT',
    PURGE,
  ],
  'a temporary table that ends with its own statement': [
    'SET search_path = shop',
    'CREATE TEMP TABLE orders (id int) ON COMMIT DROP',
    PURGE,
  ],
  'a temporary table that is rolled back': ['SET search_path = shop', 'BEGIN', 'CREATE TEMP TABLE orders (id int)', 'ROLLBACK', PURGE],
  'a temporary table that is rolled back to': [
    'SET search_path = shop',
    'BEGIN',
    'SAVEPOINT a',
    'SELECT 1 AS id INTO TEMP orders',
    'ROLLBACK TO SAVEPOINT a',
    PURGE,
    'COMMIT',
  ],
  'a temporary table that is discarded': ['SET search_path = shop', 'CREATE TEMP TABLE orders (id int)', 'DISCARD TEMP', PURGE],
  'a temporary table that is renamed': [
    'SET search_path = shop',
    'CREATE TEMP TABLE orders (id int)',
    'ALTER TABLE orders RENAME TO x',
    PURGE,
  ],
  'a temporary table that is dropped twice': [
    'SET search_path = shop',
    'CREATE TEMP TABLE orders (id int)',
    'DROP TABLE IF EXISTS orders, nothing',
    PURGE,
  ],
  'a temporary table that is dropped with another': [
    'SET search_path = shop',
    'CREATE TEMP TABLE base (id int PRIMARY KEY)',
    'CREATE TEMP TABLE orders () INHERITS (base)',
    'DROP TABLE base CASCADE',
    PURGE,
  ],
  'a temporary table that is dropped with its type': [
    'SET search_path = shop',
    'CREATE TYPE public.shape AS (id int)',
    'CREATE TEMP TABLE orders OF public.shape',
    'DROP TYPE public.shape CASCADE',
    PURGE,
  ],
  'a temporary table that is dropped with its schema': [
    'SET search_path = shop',
    'CREATE TEMP TABLE orders (id int)',
    'DROP TABLE pg_temp.orders',
    PURGE,
  ],
  'a temporary table that was not made': ['SET search_path = shop', 'CREATE TEMP TABLE orders AS SELECT 1/0 AS id', PURGE],
  'a temporary table that was not made, if it exists': ['SET search_path = shop', 'CREATE TABLE IF NOT EXISTS shop.orders (id int)', PURGE],
  'a temporary view that is dropped': ['SET search_path = shop', 'CREATE TEMP VIEW orders AS SELECT 1 AS id', 'DROP VIEW orders', PURGE],
  'a temporary sequence of the name': ['SET search_path = shop', 'CREATE TEMP SEQUENCE orders', 'DROP SEQUENCE orders', PURGE],
  'a temporary table by the number of its schema': [
    'SET search_path = shop',
    'CREATE TEMP TABLE orders (id int)',
    'ALTER TABLE orders RENAME TO x',
    PURGE,
  ],
  'a temporary table with the name of a forbidden one': [
    'CREATE TEMP TABLE secrets (code text)',
    'SET search_path = shop, pg_temp',
    'TABLE secrets',
  ],
})
