/**
 * Effects of built-in functions whose value is nothing but what they are given, or a number of their own: what they give back shows nothing
 * of any table. What they are given may be seen elsewhere later, so it counts as stored (`columns.sources`).
 */
export const SHOW_NOTHING: ReadonlySet<string> = new Set(['sequence', 'sequence value', 'set restricted', 'notify', 'lock', 'sleep'])

/**
 * Functions that are harmless, and whose arguments may be seen again: by `random()`, by where a large object is read next, by which locks are
 * held. What is given to a function with an effect counts in the same way.
 */
export const KEEPS_ARGUMENTS: ReadonlySet<string> = new Set([
  'setseed',
  'lo_close',
  'lo_lseek',
  'lo_lseek64',
  'pg_advisory_unlock',
  'pg_advisory_unlock_shared',
])

/**
 * Functions and aggregates that give a value for whatever they are given: that there is a result says nothing of their arguments. None takes a
 * length, a format or a pattern from them that could be a wrong one.
 */
export const NEVER_FAILS: ReadonlySet<string> = new Set(
  `any_value array_agg array_length array_to_json array_to_string ascii avg bit_length bool_and bool_or btrim cardinality char_length
   character_length concat concat_ws count every first_value hashtext initcap json_agg json_build_array json_build_object json_object_agg
   jsonb_agg jsonb_build_array jsonb_build_object jsonb_object_agg lag last_value lead left length lower ltrim max md5 min mode octet_length
   pg_typeof quote_ident quote_literal quote_nullable reverse right row_to_json rtrim starts_with stddev string_agg strpos sum to_json
   to_jsonb translate upper variance`.split(/\s+/),
)

/** The same of operators. */
export const OPERATORS_NEVER_FAIL: ReadonlySet<string> = new Set(['||', '->', '->>', '#>', '#>>'])

/** Functions that give as many rows as what they are given says: whoever counts the rows learns of it. A test compares it with a server. */
export const GIVES_ROWS: ReadonlySet<string> = new Set(
  `aclexplode generate_series generate_subscripts json_array_elements json_array_elements_text json_each json_each_text json_object_keys
   json_populate_recordset json_to_recordset jsonb_array_elements jsonb_array_elements_text jsonb_each jsonb_each_text jsonb_object_keys
   jsonb_path_query jsonb_path_query_tz jsonb_populate_recordset jsonb_to_recordset pg_extension_update_paths pg_get_multixact_members
   pg_get_publication_tables pg_options_to_table pg_partition_ancestors pg_partition_tree pg_snapshot_xip pg_tablespace_databases
   regexp_matches regexp_split_to_table string_to_table ts_debug ts_parse ts_token_type txid_snapshot_xip unnest
   _pg_expandarray`.split(/\s+/),
)
