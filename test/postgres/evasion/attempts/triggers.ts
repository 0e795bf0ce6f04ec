import { evasions } from '../evasion.ts'

const published = evasions('published', {
  'a trigger': 'INSERT INTO shop.traps VALUES (1)',
  'a rule on INSERT': 'INSERT INTO shop.ruled VALUES (1)',
  'a rule instead of UPDATE': 'UPDATE shop.ruled SET id = 2',
  'row security': 'SELECT * FROM shop.guarded',
  'a trigger of one’s own': [
    'CREATE TRIGGER mine BEFORE INSERT ON shop.harmless FOR EACH ROW EXECUTE FUNCTION shop.spring()',
    `INSERT INTO shop.harmless VALUES (70, 'x')`,
  ],
})

const found = evasions('found', {
  'a trigger on UPDATE of a column': 'UPDATE shop.updated SET id = 2',
  'a trigger on UPDATE by MERGE': 'MERGE INTO shop.updated u USING shop.harmless h ON u.id = h.id WHEN MATCHED THEN UPDATE SET id = 5',
  'a trigger on UPDATE by ON CONFLICT': [
    'CREATE UNIQUE INDEX ON shop.updated (id)',
    'INSERT INTO shop.updated VALUES (1) ON CONFLICT (id) DO UPDATE SET id = 2',
  ],
  'a trigger on TRUNCATE': 'TRUNCATE shop.emptied',
  'a trigger that is deferred': 'INSERT INTO shop.late VALUES (1)',
  'a trigger by COPY': `COPY shop.traps FROM PROGRAM 'echo 1'`,
  'a trigger by a cascade': [
    'CREATE TABLE shop.child (c int REFERENCES shop.customers ON DELETE CASCADE)',
    'INSERT INTO shop.child VALUES (3)',
    'CREATE TRIGGER mine AFTER DELETE ON shop.child FOR EACH STATEMENT EXECUTE FUNCTION shop.spring()',
    'DELETE FROM shop.child',
  ],
  'a trigger by a view': ['CREATE VIEW shop.mine AS SELECT * FROM shop.traps', 'INSERT INTO shop.mine VALUES (1)'],
  'a trigger by a partition': [
    'CREATE TABLE shop.parts (id int) PARTITION BY LIST (id)',
    'CREATE TABLE shop.part PARTITION OF shop.parts DEFAULT',
    'CREATE TRIGGER mine BEFORE INSERT ON shop.part FOR EACH ROW EXECUTE FUNCTION shop.spring()',
    'INSERT INTO shop.parts VALUES (1)',
  ],
  'a trigger that a row is moved to': [
    'CREATE TABLE shop.parts (id int) PARTITION BY LIST (id)',
    'CREATE TABLE shop.part_one PARTITION OF shop.parts FOR VALUES IN (1)',
    'CREATE TABLE shop.part_two PARTITION OF shop.parts FOR VALUES IN (2)',
    'INSERT INTO shop.parts VALUES (1)',
    'CREATE TRIGGER mine BEFORE INSERT ON shop.part_two FOR EACH ROW EXECUTE FUNCTION shop.spring()',
    'UPDATE shop.parts SET id = 2',
  ],
  'a trigger that is enabled': [
    'ALTER TABLE shop.traps DISABLE TRIGGER spring',
    'INSERT INTO shop.traps VALUES (1)',
    'ALTER TABLE shop.traps ENABLE TRIGGER spring',
    'INSERT INTO shop.traps VALUES (1)',
  ],
  'a trigger in the same transaction': [
    'BEGIN',
    'CREATE TRIGGER mine BEFORE INSERT ON shop.harmless FOR EACH ROW EXECUTE FUNCTION shop.spring()',
    `INSERT INTO shop.harmless VALUES (70, 'x')`,
    'COMMIT',
  ],
  'a trigger in the same message': `CREATE TRIGGER mine BEFORE INSERT ON shop.harmless FOR EACH ROW EXECUTE FUNCTION shop.spring(); INSERT INTO shop.harmless VALUES (70, 'x')`,
  'a trigger of an extension': [
    `CREATE TRIGGER mine AFTER DELETE ON shop.harmless FOR EACH ROW EXECUTE FUNCTION ext.check_foreign_key(1, 'cascade', 'id', 'shop.orders', 'id')`,
    'DELETE FROM shop.harmless',
  ],
  'a trigger that is PostgreSQL’s own': {
    steps: [
      'CREATE CONSTRAINT TRIGGER mine AFTER DELETE ON shop.harmless FROM shop.orders FOR EACH ROW EXECUTE FUNCTION "RI_FKey_cascade_del"()',
      'DELETE FROM shop.harmless',
    ],
    harmless: 'PostgreSQL wants a constraint to it.',
  },
  'a trigger that listens to a built-in function': {
    steps: `CREATE TRIGGER mine BEFORE INSERT ON shop.harmless FOR EACH ROW EXECUTE FUNCTION ts_rewrite()`,
    harmless: 'It is no trigger function.',
  },
  'a function in a policy of one’s own': [
    'ALTER TABLE shop.harmless ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
    'CREATE POLICY mine ON shop.harmless USING (shop.checks(word))',
    'TABLE shop.harmless',
  ],
  'a policy that is altered': [
    'ALTER TABLE shop.harmless ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
    'CREATE POLICY mine ON shop.harmless USING (true)',
    'TABLE shop.harmless',
    'ALTER POLICY mine ON shop.harmless USING (shop.checks(word))',
    'TABLE shop.harmless',
  ],
  'row security that is turned on': [
    'CREATE POLICY mine ON shop.harmless USING (shop.checks(word))',
    'TABLE shop.harmless',
    'ALTER TABLE shop.harmless ENABLE ROW LEVEL SECURITY',
    'ALTER TABLE shop.harmless FORCE ROW LEVEL SECURITY',
    'TABLE shop.harmless',
  ],
})

/** Triggers, rules and policies. */
export const triggers = [...published, ...found]
