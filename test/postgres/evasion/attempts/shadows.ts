import { evasions } from '../evasion.ts'
import { purging } from '../purging.ts'

/** Names that are keywords in one PostgreSQL and functions in another. */
export const shadows = evasions('found', {
  'a function called json_exists': {
    steps: [purging('public.json_exists', 'jsonb, text'), `SELECT json_exists('{}'::jsonb, '$')`],
    harmless: 'From PostgreSQL 17 on it is a keyword; before, it is the function.',
  },
  'a function called json_value': {
    steps: [purging('public.json_value', 'jsonb, text'), `SELECT json_value('{}'::jsonb, '$')`],
    harmless: 'From PostgreSQL 17 on it is a keyword; before, it is the function.',
  },
  'a function called json_query': {
    steps: [purging('public.json_query', 'jsonb, text'), `SELECT json_query('{}'::jsonb, '$')`],
    harmless: 'From PostgreSQL 17 on it is a keyword; before, it is the function.',
  },
  'a function called json_scalar': {
    steps: [purging('public.json_scalar', 'int'), 'SELECT json_scalar(1)'],
    harmless: 'From PostgreSQL 17 on it is a keyword; before, it is the function.',
  },
  'a function called json_serialize': {
    steps: [purging('public.json_serialize', 'text'), `SELECT json_serialize('{}'::text)`],
    harmless: 'From PostgreSQL 17 on it is a keyword; before, it is the function.',
  },
  'a function called json_array': {
    steps: [purging('public.json_array', 'int, int'), 'SELECT json_array(1, 2)'],
    harmless: 'From PostgreSQL 16 on it is a keyword; before, it is the function.',
  },
  'a function called json_array of nothing': {
    steps: [purging('public.json_array', ''), 'SELECT json_array()'],
    harmless: 'From PostgreSQL 16 on it is a keyword; before, it is the function.',
  },
  'a function called json_object': {
    steps: [purging('public.json_object', 'int, int'), 'SELECT json_object(1, 2)'],
    harmless: 'From PostgreSQL 16 on it is a keyword; before, it is the function.',
  },
  'a function called json_object of nothing': {
    steps: [purging('public.json_object', ''), 'SELECT json_object()'],
    harmless: 'From PostgreSQL 16 on it is a keyword; before, it is the function.',
  },
  'a function called json_arrayagg': {
    steps: [purging('public.json_arrayagg', 'int'), 'SELECT json_arrayagg(1)'],
    harmless: 'From PostgreSQL 16 on it is a keyword; before, it is the function.',
  },
  'a function called json': {
    steps: [purging('public.json', 'int'), 'SELECT json(1)'],
    harmless: 'From PostgreSQL 17 on it is a keyword; before, it is the function.',
  },
  'a function called json, of text': {
    steps: [purging('public.json', 'varchar'), `SELECT json('1'::varchar)`],
    harmless: 'From PostgreSQL 17 on it is a keyword; before, it is the function.',
  },
  'a function called merge_action': {
    steps: [purging('public.merge_action', ''), 'SELECT merge_action()'],
    harmless: 'From PostgreSQL 17 on it is a keyword; before, it is the function.',
  },
  'a function called xmlexists': {
    steps: [purging('public.xmlexists', 'text, xml'), `SELECT xmlexists('a', 'b'::xml)`],
    harmless: 'It was a keyword already: a syntax error.',
  },
  'a function called normalize': {
    steps: [purging('public.normalize', 'varchar', 'text', '$1'), `SELECT normalize('a'::varchar)`],
    harmless: 'The built-in one is called by its schema.',
  },
  'a function called system_user': {
    steps: [purging('public.system_user', ''), 'SELECT system_user'],
    harmless: 'Without parentheses it is a column, and there is none.',
  },
  'a function called current_schema': [purging('public.current_schema', 'int'), 'SELECT current_schema(1)'],
  'a function called coalesce, by its schema': [purging('public."coalesce"', 'int'), 'SELECT public."coalesce"(1)'],
  'a function called substring, by its keyword': [
    purging('public."substring"', 'varchar, int', 'text', '$1'),
    `SELECT "substring"('a'::varchar, 1)`,
  ],
  'a function called like a type': [purging('public.int4', 'varchar', 'int', '1'), `SELECT int4('1'::varchar)`],
})
