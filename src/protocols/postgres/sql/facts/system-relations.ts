/** What reading a system relation comes to: an action, and the columns that it takes to come to that; all of them if absent. */
interface Sensitive {
  readonly action: string
  readonly columns?: readonly string[]
}

const SENSITIVE = new Map<string, Sensitive>()
const mark = (action: string, names: string, columns?: readonly string[]): void => {
  for (const name of names.split(/\s+/)) SENSITIVE.set(name, columns ? { action, columns } : { action })
}

mark(
  'read statistics',
  'pg_catalog.pg_statistic pg_catalog.pg_stats pg_catalog.pg_stats_ext pg_catalog.pg_stats_ext_exprs pg_catalog.pg_statistic_ext_data',
)
mark(
  'backend activity',
  `pg_catalog.pg_stat_activity pg_catalog.pg_stat_replication pg_catalog.pg_stat_wal_receiver pg_catalog.pg_stat_ssl
   pg_catalog.pg_stat_gssapi pg_catalog.pg_stat_subscription pg_catalog.pg_stat_subscription_stats pg_catalog.pg_stat_replication_slots
   pg_catalog.pg_stat_progress_analyze pg_catalog.pg_stat_progress_basebackup pg_catalog.pg_stat_progress_cluster
   pg_catalog.pg_stat_progress_copy pg_catalog.pg_stat_progress_create_index pg_catalog.pg_stat_progress_vacuum
   pg_catalog.pg_locks pg_catalog.pg_prepared_xacts pg_catalog.pg_replication_slots pg_catalog.pg_replication_origin_status
   pg_catalog.pg_backend_memory_contexts pg_catalog.pg_shmem_allocations pg_catalog.pg_shmem_allocations_numa pg_catalog.pg_aios`,
)
mark(
  'read credential',
  'pg_catalog.pg_authid pg_catalog.pg_shadow pg_catalog.pg_user_mapping pg_catalog.pg_user_mappings information_schema.user_mapping_options',
)
// PostgreSQL itself shows the rest of it to everyone, and pg_dump counts its rows.
mark('read credential', 'pg_catalog.pg_subscription', ['subconninfo'])
mark('server file', 'pg_catalog.pg_hba_file_rules pg_catalog.pg_ident_file_mappings pg_catalog.pg_file_settings')
mark('large object', 'pg_catalog.pg_largeobject')
mark('sequence value', 'pg_catalog.pg_sequences')

/**
 * What reading a relation of pg_catalog or information_schema comes to. Options of foreign servers are among what anyone may read: PostgreSQL
 * shows them to everyone and keeps passwords out of them, and pg_dump asks for them always.
 *
 * @param key `schema.name`
 * @returns an action; `catalog read` for what holds neither rows of users nor secrets
 */
export function systemRead(key: string): Sensitive {
  return SENSITIVE.get(key) ?? HARMLESS
}

const HARMLESS: Sensitive = { action: 'catalog read' }
