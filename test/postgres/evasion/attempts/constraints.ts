import { evasions } from '../evasion.ts'

/** Constraints, indices and definitions that show rows when they are checked or made anew. */
export const constraints = evasions('found', {
  'a foreign key that is not enforced, and then is': [
    'CREATE TABLE shop.words (word text PRIMARY KEY)',
    'ALTER TABLE shop.secrets ADD CONSTRAINT late FOREIGN KEY (code) REFERENCES shop.words NOT ENFORCED',
    'ALTER TABLE shop.secrets ALTER CONSTRAINT late ENFORCED',
  ],
  'a foreign key that is validated later': [
    'CREATE TABLE shop.words (word text PRIMARY KEY)',
    'ALTER TABLE shop.secrets ADD CONSTRAINT late FOREIGN KEY (code) REFERENCES shop.words NOT VALID',
    'ALTER TABLE shop.secrets VALIDATE CONSTRAINT late',
  ],
  'a check that is validated later': [
    'ALTER TABLE shop.secrets ADD CONSTRAINT late CHECK (code::int > 0) NOT VALID',
    'ALTER TABLE shop.secrets VALIDATE CONSTRAINT late',
  ],
  'a check of a parent that is validated later': [
    'ALTER TABLE shop.parent ADD CONSTRAINT late CHECK (code::int > 0) NOT VALID',
    'ALTER TABLE shop.parent VALIDATE CONSTRAINT late',
  ],
  'a row that fails a check': ['ALTER TABLE shop.secrets ADD CHECK (id < 100)', 'UPDATE shop.secrets SET id = id + 100'],
  'a row that fails a check of its parent': ['ALTER TABLE shop.parent ADD CHECK (id < 100)', 'UPDATE shop.parent SET id = id + 100'],
  'a row that fails a check option': [
    'CREATE VIEW shop.mine AS SELECT * FROM shop.secrets WHERE id < 100 WITH CHECK OPTION',
    'UPDATE shop.mine SET id = id + 100',
  ],
  'an exclusion that finds a pair': 'ALTER TABLE shop.secrets ADD EXCLUDE USING btree (left(code, 10) WITH =)',
  'a unique index that is built beside others': 'CREATE UNIQUE INDEX CONCURRENTLY mine ON shop.secrets (left(code, 10))',
  'a unique index of a copy': 'CREATE UNIQUE INDEX ON shop.secret_copy (left(code, 10))',
  'a copy that is made anew and finds a pair': [
    'CREATE UNIQUE INDEX ON shop.secret_copy (code)',
    'INSERT INTO shop.secrets SELECT id + 10, code FROM shop.secrets',
    'REFRESH MATERIALIZED VIEW shop.secret_copy',
  ],
  'a copy under another name': ['ALTER MATERIALIZED VIEW shop.secret_copy RENAME TO plain', 'TABLE shop.plain'],
  'a copy in another schema': ['ALTER MATERIALIZED VIEW shop.secret_copy SET SCHEMA public', 'TABLE public.secret_copy'],
  'a copy’s statistics': ['ANALYZE shop.secret_copy', `SELECT histogram_bounds FROM pg_stats WHERE tablename = 'secret_copy'`],
  'statistics by a view of one’s own': [
    'ANALYZE shop.secrets',
    'CREATE VIEW public.mine AS SELECT tablename, histogram_bounds::text FROM pg_stats',
    `SELECT histogram_bounds FROM public.mine WHERE tablename = 'secrets'`,
  ],
  'a view under another name': ['ALTER VIEW shop.secret_view RENAME TO plain', 'TABLE shop.plain'],
  'a view whose rule is replaced': [
    'CREATE VIEW shop.mine AS SELECT word FROM shop.harmless',
    'CREATE OR REPLACE RULE "_RETURN" AS ON SELECT TO shop.mine DO INSTEAD SELECT code AS word FROM shop.secrets',
    'TABLE shop.mine',
  ],
})
