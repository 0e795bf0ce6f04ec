import type { Config } from './config.ts'
import type { Finding, Path } from './source.ts'

/** What a new configuration changes. */
export interface ConfigDifference {
  /** Fields that cannot change while the gateway runs; where there is one, nothing of the new configuration may be taken. */
  readonly restart: readonly Path[]
  /** Sections and fields that change and can be taken: `issuers`, `people`, `roles`, `resources`, `rules`, `budgets`, `approvals`, `breakGlass`, `limits`, `recording`, `masks`, `masking`, `connectors`, `gateway.drain`, `trail.retain`. */
  readonly changed: readonly string[]
}

/** With what each of them is bound to. */
const fixed: readonly { readonly path: Path; readonly why: string; of(config: Config): unknown }[] = [
  { path: ['gateway', 'origin'], why: 'the log is named by it', of: ({ gateway }) => gateway.origin },
  { path: ['gateway', 'instance'], why: 'the log is named by it', of: ({ gateway }) => gateway.instance },
  { path: ['gateway', 'data'], why: 'the data folder is held by this process', of: ({ gateway }) => gateway.data },
  { path: ['gateway', 'durability'], why: 'the log says it of itself at the start', of: ({ gateway }) => gateway.durability },
  { path: ['gateway', 'listen', 'postgres'], why: 'doors are opened at the start alone', of: ({ gateway }) => gateway.listen.postgres },
  { path: ['gateway', 'listen', 'https'], why: 'doors are opened at the start alone', of: ({ gateway }) => gateway.listen.https },
  { path: ['gateway', 'listen', 'proxy'], why: 'doors are opened at the start alone', of: ({ gateway }) => gateway.listen.proxy },
  { path: ['gateway', 'listen', 'token'], why: 'doors are opened at the start alone', of: ({ gateway }) => gateway.listen.token },
  { path: ['gateway', 'listen', 'connectors'], why: 'doors are opened at the start alone', of: ({ gateway }) => gateway.listen.connectors },
  { path: ['gateway', 'listen', 'metrics'], why: 'doors are opened at the start alone', of: ({ gateway }) => gateway.listen.metrics },
  { path: ['gateway', 'listen', 'admin'], why: 'doors are opened at the start alone', of: ({ gateway }) => gateway.listen.admin },
  { path: ['gateway', 'adminUrl'], why: 'doors are opened at the start alone', of: ({ gateway }) => gateway.adminUrl },
  { path: ['gateway', 'tls'], why: 'the doors are open with it already', of: ({ gateway }) => gateway.tls },
  {
    path: ['trail', 'witnesses'],
    why: 'witnesses are asked what they remember before anything is signed',
    of: ({ trail }) => trail.witnesses,
  },
  { path: ['metrics'], why: 'they are told already', of: ({ metrics }) => metrics },
  { path: ['gateway', 'masterKey'], why: 'everything at rest is sealed under it', of: ({ gateway }) => gateway.masterKey },
]

/** Compares what was read, not how it was written: comments and order of fields make no difference. */
export function diffConfig(before: Config, after: Config): ConfigDifference {
  const differs = (of: (config: Config) => unknown) => text(of(before)) !== text(of(after))
  return {
    restart: fixed.filter(({ of }) => differs(of)).map(({ path }) => path),
    changed: [
      ...(
        [
          'issuers',
          'people',
          'roles',
          'resources',
          'rules',
          'budgets',
          'approvals',
          'breakGlass',
          'limits',
          'recording',
          'masks',
          'masking',
          'connectors',
          'exports',
        ] as const
      ).filter((section) => differs((config) => config[section])),
      ...(differs((config) => config.gateway.drain) ? ['gateway.drain'] : []),
      ...(differs((config) => config.trail.retain) ? ['trail.retain'] : []),
    ],
  }
}

/** Why a reload is refused, field by field. */
export function restartNeeded(paths: readonly Path[]): readonly Finding[] {
  return fixed
    .filter(({ path }) => paths.includes(path))
    .map(({ path, why }) => ({
      code: 'GS_CONFIG_RESTART_NEEDED',
      path,
      message: `This cannot change while the gateway runs, because ${why}; nothing of the new file was taken.`,
    }))
}

/** JSON with sorted fields, and maps as lists of pairs. */
function text(value: unknown): string {
  return (
    JSON.stringify(value, (_, field: unknown) => {
      if (field instanceof Map) return [...field].sort()
      if (field === null || typeof field !== 'object' || Array.isArray(field)) return field
      return Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)))
    }) ?? ''
  )
}
