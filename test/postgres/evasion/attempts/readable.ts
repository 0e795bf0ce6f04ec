import { evasions } from '../evasion.ts'

/** What hangs on the secrets is taken away, so that their columns may be altered. */
const ALONE = [
  'ALTER TABLE shop.secrets NO INHERIT shop.parent',
  'DROP VIEW shop.secret_view, shop.secret_join, shop.secret_barrier CASCADE',
  'DROP MATERIALIZED VIEW shop.secret_copy',
  'DROP POLICY peek ON shop.nosy',
]

/** Definitions, constraints and errors by which a table shows through. */
export const readable = evasions('found', {
  'a parent': 'SELECT * FROM shop.parent',
  'a parent with a star': 'SELECT * FROM shop.parent *',
  'a parent, by its columns': 'SELECT p.code FROM shop.parent p WHERE p.id = 1',
  'a parent, copied': 'COPY (TABLE shop.parent) TO STDOUT',
  'a parent, expanded': 'SELECT (p).code FROM shop.parent p',
  'a security barrier': 'SELECT * FROM shop.secret_barrier',
  'a join in a view': 'SELECT code FROM shop.secret_join',
  'inserting past a policy that reads': 'INSERT INTO shop.nosy VALUES (1)',
  'deleting past a policy that reads': 'DELETE FROM shop.nosy',
  'updating past a policy that reads': 'UPDATE shop.nosy SET id = 2',
  'a policy that reads': 'SELECT * FROM shop.nosy',
  'a row that fails not to be null': 'UPDATE shop.secrets SET id = NULL',
  'a row that fails not to be null, on conflict': `INSERT INTO shop.secrets VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET id = NULL`,
  'a row that fails not to be null, merged': 'MERGE INTO shop.secrets USING shop.harmless ON true WHEN MATCHED THEN UPDATE SET id = NULL',
  'a row that fails not to be null, by its parent': 'UPDATE shop.parent SET id = NULL',
  'a row that fails not to be null, by a view': 'UPDATE shop.secret_view SET id = NULL',
  'a duplicate that is told': ['CREATE UNIQUE INDEX mine ON shop.secrets (left(code, 10))'],
  'an index that casts': 'CREATE INDEX mine ON shop.secrets ((code::int))',
  'an index with a condition that casts': 'CREATE INDEX mine ON shop.secrets (id) WHERE code::int > 0',
  'statistics of an expression that casts': ['CREATE STATISTICS shop.mine ON (code::int), id FROM shop.secrets', 'ANALYZE shop.secrets'],
  'a type that casts': [...ALONE, 'ALTER TABLE shop.secrets ALTER code TYPE int USING code::int'],
  'a type that casts, by the parent': [...ALONE.slice(1), 'ALTER TABLE shop.parent ALTER code TYPE int USING code::int'],
  'a check that casts': 'ALTER TABLE shop.secrets ADD CHECK (code::int > 0)',
  'a check that casts, by the parent': 'ALTER TABLE shop.parent ADD CHECK (code::int > 0)',
  'a generated column that casts': 'ALTER TABLE shop.secrets ADD n int GENERATED ALWAYS AS (code::int) STORED',
  'a foreign key that fails': [
    'CREATE TABLE shop.words (word text PRIMARY KEY)',
    'ALTER TABLE shop.secrets ADD FOREIGN KEY (code) REFERENCES shop.words',
  ],
  'an exclusion that fails': [
    'INSERT INTO shop.secrets SELECT 200',
    `UPDATE shop.secrets SET id = id`,
    'CREATE UNIQUE INDEX ON shop.secrets (left(code, 10))',
  ],
  'a unique constraint that fails, in one message':
    'ALTER TABLE shop.secrets ADD c text GENERATED ALWAYS AS (left(code, 10)) STORED UNIQUE',
  'a partition that does not fit': {
    steps: ['ALTER TABLE shop.secrets NO INHERIT shop.parent', 'ALTER TABLE shop.vault ATTACH PARTITION shop.secrets FOR VALUES IN (3)'],
    harmless: 'The error names no row.',
  },
  'attached as a partition, then read': [
    'CREATE TABLE shop.all (id int NOT NULL, code text) PARTITION BY RANGE (id)',
    'ALTER TABLE shop.secrets NO INHERIT shop.parent',
    'ALTER TABLE shop.all ATTACH PARTITION shop.secrets FOR VALUES FROM (0) TO (1000)',
    'TABLE shop.all',
  ],
  'attached as a partition, in one message':
    'CREATE TABLE shop.all (id int NOT NULL, code text) PARTITION BY RANGE (id); ALTER TABLE shop.secrets NO INHERIT shop.parent; ALTER TABLE shop.all ATTACH PARTITION shop.secrets FOR VALUES FROM (0) TO (1000); TABLE shop.all',
  'made to inherit, then read': ['CREATE TABLE shop.heir (code text)', 'ALTER TABLE shop.secrets INHERIT shop.heir', 'TABLE shop.heir'],
  'made to inherit, in a transaction': [
    'BEGIN',
    'CREATE TABLE shop.heir (code text)',
    'ALTER TABLE shop.secrets INHERIT shop.heir',
    'TABLE shop.heir',
    'COMMIT',
  ],
  'made to inherit, in one message': 'CREATE TABLE shop.heir (code text); ALTER TABLE shop.secrets INHERIT shop.heir; TABLE shop.heir',
  'made to inherit a temporary table': {
    steps: ['CREATE TEMP TABLE heir (code text)', 'ALTER TABLE shop.secrets INHERIT heir', 'TABLE heir'],
    harmless: 'PostgreSQL lets no lasting table inherit from a temporary one.',
  },
  'a child of one’s own': {
    steps: ['CREATE TABLE shop.child () INHERITS (shop.secrets)', 'TABLE shop.child'],
    harmless: 'A child holds none of the rows of its parent.',
  },
  'renamed, then read': ['ALTER TABLE shop.secrets RENAME TO plain', 'TABLE shop.plain'],
  'renamed and read in a transaction': ['BEGIN', 'ALTER TABLE shop.secrets RENAME TO plain', 'TABLE shop.plain', 'ROLLBACK'],
  'renamed and read in one message': 'ALTER TABLE shop.secrets RENAME TO plain; TABLE shop.plain',
  'moved to another schema, then read': ['ALTER TABLE shop.secrets SET SCHEMA public', 'TABLE public.secrets'],
  'moved and read in a transaction': ['BEGIN', 'ALTER TABLE shop.secrets SET SCHEMA public', 'TABLE public.secrets', 'COMMIT'],
  'schema renamed, then read': ['ALTER SCHEMA shop RENAME TO store', 'TABLE store.secrets'],
  'schema renamed and read in one message': 'ALTER SCHEMA shop RENAME TO store; TABLE store.secrets',
  'names swapped': [
    'BEGIN',
    'ALTER TABLE shop.harmless RENAME TO other',
    'ALTER TABLE shop.secrets RENAME TO harmless',
    'TABLE shop.harmless',
    'COMMIT',
  ],
  'made into a view by a rule': {
    steps: [
      'CREATE TABLE shop.looks (id int, code text)',
      'CREATE RULE "_RETURN" AS ON SELECT TO shop.looks DO INSTEAD SELECT * FROM shop.secrets',
      'TABLE shop.looks',
    ],
    harmless: 'From PostgreSQL 16 on, no table is made into a view.',
  },
  'a recursive view': 'CREATE RECURSIVE VIEW shop.again (code) AS SELECT code FROM shop.secrets; TABLE shop.again',
  'a view replaced': [
    'CREATE VIEW shop.mine AS SELECT word FROM shop.harmless',
    'CREATE OR REPLACE VIEW shop.mine AS SELECT code AS word FROM shop.secrets',
    'TABLE shop.mine',
  ],
  'a temporary view': ['CREATE TEMP VIEW mine AS SELECT code FROM shop.secrets', 'TABLE mine'],
  'a materialised view without its rows': [
    'CREATE MATERIALIZED VIEW shop.mine AS SELECT code FROM shop.secrets WITH NO DATA',
    'REFRESH MATERIALIZED VIEW shop.mine',
    'TABLE shop.mine',
  ],
  'a publication': { steps: 'CREATE PUBLICATION news FOR TABLE shop.secrets', harmless: 'Nobody subscribes here, and the role may not.' },
  'a logical slot': {
    steps: `SELECT pg_create_logical_replication_slot('news', 'test_decoding')`,
    harmless: 'The role may not replicate.',
  },
  'a policy that reads, made by oneself': [
    'ALTER TABLE shop.harmless ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
    'CREATE POLICY mine ON shop.harmless USING (id < (SELECT max(code)::int FROM shop.secrets))',
    'TABLE shop.harmless',
  ],
  'a rule that reads, made by oneself': [
    'CREATE RULE mine AS ON INSERT TO shop.harmless DO INSTEAD SELECT code FROM shop.secrets',
    `INSERT INTO shop.harmless VALUES (90, 'x')`,
  ],
  'a rule in a transaction': [
    'BEGIN',
    'CREATE RULE mine AS ON INSERT TO shop.harmless DO INSTEAD SELECT code FROM shop.secrets',
    `INSERT INTO shop.harmless VALUES (90, 'x')`,
    'COMMIT',
  ],
  'a default of a sequence of names': {
    steps: [`SELECT setval('shop.numbers', (SELECT length(code) FROM shop.secrets LIMIT 1))`],
    harmless: 'A length is too little for the judge to see; the statement reads the table all the same.',
  },
  'an advisory lock as a message': {
    steps: [`SELECT pg_advisory_lock(ascii(code)) FROM shop.secrets`],
    harmless: 'Too little for the judge to see; the statement reads the table all the same.',
  },
  'a TOAST table': {
    steps: `SELECT * FROM pg_toast.pg_toast_2619`,
    harmless: 'The role may not look into that schema.',
  },
})
