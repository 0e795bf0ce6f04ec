import type { Effect } from '../../../../operations/index.ts'

/** A built-in function that does more than give a value, or may. */
export interface SpecialFunction {
  readonly effect: Effect
  /** Which relations it reads or writes is not to be seen from its arguments: with this, that list of a statement is unknown, or both are. */
  readonly unknown?: 'reads' | 'writes' | 'both'
  /** Why, in one sentence. */
  readonly reason: string
}

interface Group extends SpecialFunction {
  /** Names in pg_catalog; `*` at the end stands for any ending. */
  readonly names: string
}

// The question behind every group: what could somebody who must not touch a table come to read or change with nothing but this function?
const GROUPS: readonly Group[] = [
  {
    effect: { class: 'opaque', action: 'dynamic sql' },
    reason: 'Runs SQL that comes as text, or reads relations, schemas or cursors that come by name.',
    names:
      'query_to_xml query_to_xmlschema query_to_xml_and_xmlschema cursor_to_xml cursor_to_xmlschema table_to_xml table_to_xmlschema table_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema schema_to_xml_and_xmlschema database_to_xml database_to_xmlschema database_to_xml_and_xmlschema ts_stat ts_rewrite currtid2',
  },
  {
    effect: { class: 'admin', action: 'server file' },
    unknown: 'both',
    reason: 'Reads or writes files of the server: any of them may be that of a table.',
    names:
      'pg_read_file pg_read_file_old pg_read_binary_file lo_import lo_export pg_hba_file_rules pg_ident_file_mappings pg_show_all_file_settings',
  },
  {
    effect: { class: 'admin', action: 'server file' },
    reason: 'Says which files the server has, and how large they are.',
    names: 'pg_ls_* pg_stat_file pg_current_logfile',
  },
  {
    effect: { class: 'write', action: 'sequence' },
    unknown: 'writes',
    reason: 'Advances or sets a sequence, which no transaction undoes.',
    names: 'nextval setval',
  },
  {
    effect: { class: 'read', action: 'sequence value' },
    unknown: 'reads',
    reason: 'Reads a sequence that comes by name or oid.',
    names: 'pg_sequence_last_value pg_get_sequence_data',
  },
  {
    effect: { class: 'read', action: 'sequence value' },
    reason: 'Says what this session itself last drew from a sequence.',
    names: 'currval lastval',
  },
  { effect: { class: 'admin', action: 'set restricted' }, reason: 'SET by another name.', names: 'set_config' },
  { effect: { class: 'write', action: 'notify' }, reason: 'NOTIFY by another name.', names: 'pg_notify' },
  {
    effect: { class: 'write', action: 'lock' },
    reason: 'Takes a lock that others wait for.',
    names: 'pg_advisory_lock pg_advisory_lock_shared pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_*',
  },
  {
    effect: { class: 'read', action: 'large object' },
    unknown: 'reads',
    reason: 'Reads large objects.',
    names: 'lo_get loread',
  },
  {
    effect: { class: 'write', action: 'large object write' },
    unknown: 'writes',
    reason: 'Makes, opens, changes or removes large objects.',
    names: 'lo_creat lo_create lo_from_bytea lo_open lo_put lo_truncate lo_truncate64 lo_unlink lowrite',
  },
  {
    effect: { class: 'read', action: 'sleep' },
    reason: 'Holds a connection, and what its transaction has locked, for as long as it says.',
    names: 'pg_sleep pg_sleep_for pg_sleep_until',
  },
  {
    effect: { class: 'backend', action: 'backend signal' },
    reason: 'Ends, cancels or disturbs another session.',
    names: 'pg_terminate_backend pg_cancel_backend pg_log_backend_memory_contexts',
  },
  {
    effect: { class: 'backend', action: 'backend activity' },
    reason: 'Says what other sessions do, or how the server runs inside.',
    names:
      'pg_stat_get_activity pg_stat_get_backend_* pg_stat_get_progress_info pg_stat_get_wal_receiver pg_stat_get_wal_senders pg_stat_get_replication_slot pg_stat_get_subscription pg_stat_get_subscription_stats pg_get_replication_slots pg_lock_status pg_blocking_pids pg_safe_snapshot_blocking_pids pg_isolation_test_session_is_blocked pg_prepared_xact pg_get_backend_memory_contexts pg_get_process_memory_contexts pg_get_shmem_allocations pg_get_shmem_allocations_numa pg_get_aios pg_get_loaded_modules',
  },
  {
    effect: { class: 'statistics', action: 'read statistics' },
    reason: 'Opens statistics, which hold values of the table.',
    names: 'pg_mcv_list_items',
  },
  {
    effect: { class: 'admin', action: 'statistics change' },
    reason: 'Resets or plants statistics that plans and people go by.',
    names: 'pg_stat_reset* pg_restore_relation_stats pg_restore_attribute_stats pg_clear_relation_stats pg_clear_attribute_stats',
  },
  {
    effect: { class: 'admin', action: 'replication' },
    unknown: 'reads',
    reason: 'Replication: a slot delivers the changes of every table, an origin or a message changes what subscribers apply.',
    names:
      'pg_create_logical_replication_slot pg_create_physical_replication_slot pg_copy_logical_replication_slot pg_copy_physical_replication_slot pg_drop_replication_slot pg_replication_slot_advance pg_sync_replication_slots pg_logical_* pg_replication_origin_advance pg_replication_origin_create pg_replication_origin_drop pg_replication_origin_progress pg_replication_origin_session_* pg_replication_origin_xact_* pg_show_replication_origin_status pg_get_wal_summarizer_state pg_available_wal_summaries pg_wal_summary_contents',
  },
  {
    effect: { class: 'admin', action: 'server control' },
    reason: 'Controls the server: its log, configuration, recovery, backups or system objects.',
    names:
      'pg_backup_start pg_backup_stop pg_create_restore_point pg_switch_wal pg_promote pg_reload_conf pg_rotate_logfile pg_rotate_logfile_old pg_wal_replay_pause pg_wal_replay_resume pg_log_standby_snapshot pg_import_system_collations pg_nextoid pg_stop_making_pinned_objects pg_extension_config_dump binary_upgrade_*',
  },
  {
    effect: { class: 'admin', action: 'snapshot export' },
    reason: 'Lets any other session see with the eyes of this transaction.',
    names: 'pg_export_snapshot',
  },
  {
    effect: { class: 'define', action: 'index maintenance' },
    reason: 'Rewrites parts of an index, as VACUUM does, and runs the code of its expressions.',
    names: 'brin_summarize_new_values brin_summarize_range brin_desummarize_range gin_clean_pending_list',
  },
]

/** Every effect that a built-in function has. */
export const SPECIAL_EFFECTS: readonly Effect[] = GROUPS.map(({ effect }) => effect)

const exact = new Map<string, SpecialFunction>()
const beginnings: [string, SpecialFunction][] = []
for (const { names, ...special } of GROUPS) {
  for (const name of names.split(' ')) {
    if (name.endsWith('*')) beginnings.push([name.slice(0, -1), special])
    else exact.set(name, special)
  }
}

/** What a built-in function does besides giving a value; undefined where nothing is known of that. @param name in pg_catalog */
export function specialFunction(name: string): SpecialFunction | undefined {
  return exact.get(name) ?? beginnings.find(([beginning]) => name.startsWith(beginning))?.[1]
}

/**
 * Volatile only because another call gives another value, or something of the session itself: they read no table and change nothing that
 * outlives it.
 */
export const HARMLESS_VOLATILE: ReadonlySet<string> = new Set(
  `array_sample array_shuffle clock_timestamp current_query gen_random_uuid random random_normal setseed timeofday uuidv4 uuidv7
  txid_status pg_xact_status pg_xact_commit_timestamp pg_xact_commit_timestamp_origin pg_last_committed_xact pg_get_multixact_members
  pg_advisory_unlock pg_advisory_unlock_shared pg_advisory_unlock_all lo_close lo_lseek lo_lseek64 lo_tell lo_tell64
  pg_database_size pg_indexes_size pg_relation_size pg_table_size pg_tablespace_size pg_total_relation_size
  pg_partition_ancestors pg_partition_tree pg_collation_actual_version pg_database_collation_actual_version
  pg_is_in_recovery pg_is_wal_replay_paused pg_get_wal_replay_pause_state pg_current_wal_flush_lsn pg_current_wal_insert_lsn
  pg_current_wal_lsn pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp
  pg_control_checkpoint pg_control_init pg_control_recovery pg_control_system pg_get_wal_resource_managers pg_get_wait_events
  pg_jit_available pg_notification_queue_usage pg_stat_clear_snapshot pg_stat_force_next_flush pg_stat_have_stats pg_stat_get_io
  pg_stat_get_recovery_prefetch pg_stat_get_xact_blocks_fetched pg_stat_get_xact_blocks_hit pg_stat_get_xact_function_calls
  pg_stat_get_xact_function_self_time pg_stat_get_xact_function_total_time pg_stat_get_xact_numscans pg_stat_get_xact_tuples_deleted
  pg_stat_get_xact_tuples_fetched pg_stat_get_xact_tuples_hot_updated pg_stat_get_xact_tuples_inserted
  pg_stat_get_xact_tuples_newpage_updated pg_stat_get_xact_tuples_returned pg_stat_get_xact_tuples_updated`.split(/\s+/),
)

/**
 * Neither volatile nor on a list above, and yet not taken at their word: they validate other functions or access methods, and validating
 * calls them.
 */
export const NOT_HARMLESS: ReadonlySet<string> = new Set([
  'amvalidate',
  'fmgr_c_validator',
  'fmgr_internal_validator',
  'fmgr_sql_validator',
  'plpgsql_validator',
])

/** To JSON, PostgreSQL converts a value of a user's type by the user's own cast, if there is one (json_categorize_type). */
const THROUGH_CASTS =
  /^(to_jsonb?|row_to_json|array_to_json|jsonb?_agg(_strict)?|jsonb?_object_agg(_unique)?(_strict)?|jsonb?_build_(array|object))$/

/** They make values of a type that comes with an argument, by name, or as a column definition: its input and constraints run. */
const THROUGH_INPUTS =
  /^(jsonb?_populate_record(set)?|jsonb_populate_record_valid|jsonb?_to_record(set)?|pg_input_is_valid|pg_input_error_info)$/

/** What of user types a harmless function may run: code behind casts, or behind input and constraints. */
export function throughTypes(name: string): 'casts' | 'inputs' | undefined {
  if (THROUGH_CASTS.test(name)) return 'casts'
  return THROUGH_INPUTS.test(name) ? 'inputs' : undefined
}
