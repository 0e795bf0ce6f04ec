import type { SessionView } from '../statement-facts.ts'

/**
 * Settings that change how an answer looks, how long it may take or how it is planned: neither what names mean nor what protects data.
 * restrict_nonsystem_relation_kind only refuses views and foreign tables; pg_dump sets it.
 */
const HARMLESS = new Set(
  `application_name array_nulls backend_flush_after bytea_output check_function_bodies client_connection_check_interval client_encoding
   client_min_messages commit_siblings constraint_exclusion cpu_index_tuple_cost cpu_operator_cost cpu_tuple_cost cursor_tuple_fraction
   datestyle debug_pretty_print debug_print_parse debug_print_plan debug_print_rewritten default_statistics_target
   default_transaction_deferrable default_transaction_isolation effective_cache_size effective_io_concurrency escape_string_warning
   exit_on_error extra_float_digits from_collapse_limit geqo geqo_effort geqo_generations geqo_pool_size geqo_seed geqo_selection_bias
   geqo_threshold hash_mem_multiplier idle_in_transaction_session_timeout idle_session_timeout intervalstyle jit jit_above_cost
   jit_expressions jit_inline_above_cost jit_optimize_above_cost jit_tuple_deforming join_collapse_limit lc_monetary lc_numeric lc_time
   lock_timeout logical_decoding_work_mem maintenance_io_concurrency maintenance_work_mem max_parallel_maintenance_workers
   max_parallel_workers max_parallel_workers_per_gather min_parallel_index_scan_size min_parallel_table_scan_size
   parallel_leader_participation parallel_setup_cost parallel_tuple_cost plan_cache_mode quote_all_identifiers random_page_cost
   recursive_worktable_factor restrict_nonsystem_relation_kind seed seq_page_cost statement_timeout stats_fetch_consistency synchronize_seqscans synchronous_commit
   tcp_keepalives_count tcp_keepalives_idle tcp_keepalives_interval tcp_user_timeout temp_buffers timezone transaction_deferrable
   transaction_isolation transaction_timeout work_mem xmlbinary xmloption`.split(/\s+/),
)

/** Restricted ones, with values that are the safe ones. */
const SAFE_VALUES: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['standard_conforming_strings', new Set(['on', 'true', 'yes', '1'])],
  ['backslash_quote', new Set(['safe_encoding', 'off', 'false', 'no', '0'])],
  // Off is an error where row security would hide rows: it never shows more. pg_dump needs it.
  ['row_security', new Set(['off', 'false', 'no', '0'])],
  ['session_replication_role', new Set(['origin'])],
  ['default_tablespace', new Set([''])],
])

const ON = new Set(['on', 'true', 'tru', 'tr', 't', 'yes', 'ye', 'y', '1'])

/** Settings of the server that may hold a secret. */
const SECRET =
  /^(primary_conninfo|ssl_passphrase_command|krb_server_keyfile|archive_command|restore_command|.*_cleanup_command|recovery_end_command)$/

/** Whether showing a setting may show a secret. */
export function isSecretSetting(name: string): boolean {
  return SECRET.test(name)
}

/**
 * What SET (or set_config) of a setting comes to: an action.
 * @param name in lower case
 * @param value as the server would show it; undefined where it is not known
 */
export function settingAction(name: string, value: string | undefined, view: SessionView): string {
  const plain = value?.trim().toLowerCase()
  if (name === 'role' || name === 'session_authorization' || name === 'is_superuser') return 'set role'
  if (name === 'transaction_read_only') return plain !== undefined && ON.has(plain) ? 'set' : view.readOnly ? 'read write' : 'set'
  if (name === 'default_transaction_read_only') {
    return plain !== undefined && ON.has(plain) ? 'set' : view.readOnly ? 'read write' : 'set restricted'
  }
  if (name === 'search_path') return plain !== undefined && /^(""|'')?$|^"?pg_catalog"?$/.test(plain) ? 'set' : 'set restricted'
  if (HARMLESS.has(name) || /^enable_[a-z_]+$/.test(name)) return 'set'
  return plain !== undefined && SAFE_VALUES.get(name)?.has(plain) ? 'set' : 'set restricted'
}

/** What RESET, or SET … TO DEFAULT, comes to: the session goes back to what it began with, as the gateway had made it. */
export function resetAction(name: string): string {
  return name === 'role' || name === 'session_authorization' ? 'set role' : 'reset'
}

/** A value of a setting that is a list of names, such as search_path: as the server shows it. */
export function listValue(names: readonly string[]): string {
  return names.map((name) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`)).join(', ')
}

/**
 * The schemas of a search_path.
 * @returns undefined where it is malformed, or holds `"$user"`, which stands for a role that is not known here
 */
export function searchPathOf(value: string): readonly string[] | undefined {
  const names: string[] = []
  let rest = value.trim()
  if (rest === '') return names
  for (;;) {
    const part = /^(?:"((?:[^"]|"")*)"|([^\s",]+))\s*(,|$)\s*/.exec(rest)
    if (!part) return undefined
    const name = part[1] === undefined ? (part[2] ?? '').toLowerCase() : part[1].replaceAll('""', '"')
    // The server cuts longer names off (NAMEDATALEN).
    if (name === '$user' || name.length > 63) return undefined
    if (name !== '') names.push(name)
    rest = rest.slice(part[0].length)
    if (part[3] !== ',') return rest === '' ? names : undefined
  }
}
