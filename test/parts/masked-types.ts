/** A type of PostgreSQL, with a value of it: what masks make of them is documented, and shown to real drivers. */
export interface MaskedType {
  /** As the column is called. */
  readonly name: string
  /** As CREATE TABLE has it. */
  readonly sql: string
  /** pg_type.oid on the wire; 16999: of a user. */
  readonly oid: number
  /** pg_attribute.atttypmod */
  readonly modifier?: number
  /** As text. */
  readonly value: string
}

const USER = 16_999

/** Enum with the label that `fixed` names in the documentation and in tests. */
export const TYPES_FIRST = `
  CREATE TYPE mood AS ENUM ('calm', 'busy', 'hidden');
  CREATE TYPE address AS (street text, number int);
  CREATE DOMAIN email_address AS text CHECK (VALUE LIKE '%@%');
  CREATE DOMAIN positive AS int CHECK (VALUE > 0);
`

export const FIXED = 'hidden'

export const MASKED_TYPES: readonly MaskedType[] = [
  { name: 'a_text', sql: 'text', oid: 25, value: 'ada.lovelace@example.com' },
  { name: 'a_varchar', sql: 'varchar(40)', oid: 1043, modifier: 44, value: 'ada.lovelace@example.com' },
  { name: 'a_short_varchar', sql: 'varchar(4)', oid: 1043, modifier: 8, value: 'Adah' },
  { name: 'a_char', sql: 'char(12)', oid: 1042, modifier: 16, value: 'Ada Lovelace' },
  { name: 'a_name', sql: 'name', oid: 19, value: 'ada_lovelace' },
  { name: 'a_domain', sql: 'email_address', oid: 25, value: 'ada.lovelace@example.com' },
  { name: 'a_json', sql: 'json', oid: 114, value: '{"mail": "ada.lovelace@example.com", "n": 1}' },
  { name: 'a_jsonb', sql: 'jsonb', oid: 3802, value: '{"mail": "ada.lovelace@example.com", "n": 1}' },
  { name: 'a_uuid', sql: 'uuid', oid: 2950, value: '3f333df6-90a4-4fda-8dd3-9485d27cee36' },
  { name: 'an_enum', sql: 'mood', oid: USER, value: 'busy' },
  { name: 'a_boolean', sql: 'boolean', oid: 16, value: 't' },
  { name: 'a_smallint', sql: 'smallint', oid: 21, value: '1815' },
  { name: 'an_integer', sql: 'integer', oid: 23, value: '18151210' },
  { name: 'a_bigint', sql: 'bigint', oid: 20, value: '18151210' },
  { name: 'a_numeric', sql: 'numeric(12,2)', oid: 1700, modifier: 786438, value: '1815.12' },
  { name: 'a_real', sql: 'real', oid: 700, value: '1815.5' },
  { name: 'a_double', sql: 'double precision', oid: 701, value: '1815.12' },
  { name: 'some_money', sql: 'money', oid: 790, value: '$1,815.12' },
  { name: 'a_positive', sql: 'positive', oid: 23, value: '1815' },
  { name: 'a_date', sql: 'date', oid: 1082, value: '1815-12-10' },
  { name: 'a_time', sql: 'time', oid: 1083, value: '12:10:00' },
  { name: 'a_timetz', sql: 'timetz', oid: 1266, value: '12:10:00+00' },
  { name: 'a_timestamp', sql: 'timestamp', oid: 1114, value: '1815-12-10 12:10:00' },
  { name: 'a_timestamptz', sql: 'timestamptz', oid: 1184, value: '1815-12-10 12:10:00+00' },
  { name: 'an_interval', sql: 'interval', oid: 1186, value: '36 years' },
  { name: 'some_bytes', sql: 'bytea', oid: 17, value: '\\x416461204c6f76656c616365' },
  { name: 'an_inet', sql: 'inet', oid: 869, value: '192.0.2.10' },
  { name: 'a_cidr', sql: 'cidr', oid: 650, value: '192.0.2.0/24' },
  { name: 'a_macaddr', sql: 'macaddr', oid: 829, value: '08:00:2b:01:02:03' },
  { name: 'some_xml', sql: 'xml', oid: 142, value: '<mail>ada.lovelace@example.com</mail>' },
  { name: 'some_bits', sql: 'bit(4)', oid: 1560, modifier: 4, value: '1011' },
  { name: 'a_point', sql: 'point', oid: 600, value: '(18,15)' },
  { name: 'a_range', sql: 'int4range', oid: 3904, value: '[1815,1853)' },
  { name: 'some_integers', sql: 'int[]', oid: 1007, value: '{1815,1852}' },
  { name: 'some_texts', sql: 'text[]', oid: 1009, value: '{ada.lovelace@example.com}' },
  { name: 'a_composite', sql: 'address', oid: USER, value: '("St James Square",12)' },
  { name: 'a_tsvector', sql: 'tsvector', oid: 3614, value: "'ada':1 'lovelace':2" },
  { name: 'an_internal_char', sql: '"char"', oid: 18, value: 'A' },
]

/** What must not be seen of any of them: as a client that gets it would print it. */
export const CANARIES: readonly string[] = [
  'lovelace',
  'Lovelace',
  '18151210',
  '1815',
  '3f333df6',
  'busy',
  '192.0.2',
  '08:00:2b',
  'St James',
  '4c6f76656c',
  '36 years',
]
