import type { EntryFields, EntryKind } from '../../trail/index.ts'
import type { ClassName } from './classes.ts'

/** What a kind of entry is in OCSF. */
export interface Mapping {
  /** `operation`: Datastore Activity at a database, API Activity at anything else. */
  readonly class: ClassName | 'operation'
  /** A number of the class, or a word of ours: then it is 99, Other. */
  readonly activity: number | string | ((fields: EntryFields) => number | string)
  /** Of Entity Management: what sort of thing it is, and the field that names it. */
  readonly entity?: readonly [type: string, field?: string]
}

const entity = (activity: Mapping['activity'], type: string, field?: string): Mapping => ({
  class: 'entity',
  activity,
  entity: field === undefined ? [type] : [type, field],
})
const [run, approval, glass, tools, connector, ours, erasure, hold] = [
  (activity: Mapping['activity']) => entity(activity, 'Run', 'run'),
  (activity: Mapping['activity']) => entity(activity, 'Approval', 'approval'),
  (activity: Mapping['activity']) => entity(activity, 'Break-glass', 'breakGlass'),
  (activity: Mapping['activity']) => entity(activity, 'Tools', 'resource'),
  (activity: Mapping['activity']) => entity(activity, 'Connector', 'connector'),
  (activity: Mapping['activity']) => entity(activity, 'Export', 'export'),
  (activity: Mapping['activity']) => entity(activity, 'Erasure', 'request'),
  (activity: Mapping['activity']) => entity(activity, 'Legal hold', 'hold'),
]
const CREATE = 1
const UPDATE = 3
const DELETE = 4

/** Each kind that this version writes; docs/exports.md has it as a table. */
export const mappings: Readonly<Record<EntryKind, Mapping> & Record<string, Mapping>> = {
  'gateway.start': { class: 'lifecycle', activity: 3 },
  'gateway.stop': { class: 'lifecycle', activity: 4 },
  'gateway.recovered': { class: 'lifecycle', activity: 5 },
  'clock.step': { class: 'lifecycle', activity: 'Clock set' },
  'config.changed': entity(UPDATE, 'Configuration', 'to'),
  'config.refused': entity(UPDATE, 'Configuration'),
  'key.changed': entity(UPDATE, 'Key'),
  'ca.minted': entity(CREATE, 'Certificate'),
  'secret.changed': entity(({ change }) => (change === 'removed' ? DELETE : UPDATE), 'Secret', 'secret'),
  signin: { class: 'authentication', activity: 1 },
  'signin.refused': { class: 'authentication', activity: 1 },
  'signin.offered': { class: 'authentication', activity: 'Offer' },
  signout: { class: 'authentication', activity: 2 },
  'person.revoked': { class: 'account', activity: 5 },
  'person.restored': { class: 'account', activity: 2 },
  'run.start': run(10),
  'run.end': run(11),
  'run.revoked': run(9),
  'run.suspended': run(12),
  'run.resumed': run(13),
  'run.spans': run(UPDATE),
  'budget.exceeded': { class: 'finding', activity: 1 },
  'session.open': { class: 'authentication', activity: 1 },
  'session.close': { class: 'authentication', activity: 2 },
  'session.killed': { class: 'authentication', activity: 2 },
  'approval.asked': approval(CREATE),
  'approval.decided': approval(UPDATE),
  'approval.used': approval(10),
  'approval.ended': approval(11),
  'breakglass.requested': glass(CREATE),
  'breakglass.opened': glass(10),
  'breakglass.ended': glass(11),
  'breakglass.closed': glass(11),
  'breakglass.reviewed': glass(UPDATE),
  'operation.intent': { class: 'operation', activity: 'Decide' },
  'operation.outcome': { class: 'operation', activity: 'End' },
  'egress.refused': { class: 'api', activity: 'Connect' },
  'catalog.read': { class: 'datastore', activity: 1 },
  'catalog.outcome': { class: 'datastore', activity: 1 },
  'recording.segment': { class: 'log', activity: 'Record' },
  'recording.viewed': { class: 'log', activity: 'Read' },
  'credential.injected': { class: 'authentication', activity: 1 },
  'credential.leaked': { class: 'finding', activity: 1 },
  'credential.foreign': { class: 'finding', activity: 1 },
  'tools.seen': tools(CREATE),
  'tools.changed': tools(UPDATE),
  'tools.pinned': tools(8),
  'tools.unpinned': tools(9),
  'scan.begun': { class: 'scan', activity: 1 },
  'scan.ended': { class: 'scan', activity: ({ outcome }) => (outcome === 'done' ? 2 : outcome === 'abandoned' ? 3 : 6) },
  'log.read': { class: 'log', activity: 'Read' },
  'log.exported': { class: 'log', activity: 3 },
  'log.continued': { class: 'log', activity: 6 },
  'log.closed': { class: 'log', activity: 7 },
  'erasure.asked': erasure(CREATE),
  'erasure.ended': erasure(11),
  erased: { class: 'log', activity: 2 },
  pruned: { class: 'log', activity: 2 },
  'hold.placed': hold(8),
  'hold.lifted': hold(9),
  gap: { class: 'log', activity: 'Gap' },
  'connector.offered': connector(CREATE),
  'connector.enrolled': connector(6),
  'connector.revoked': connector(7),
  'connector.up': connector(10),
  'connector.down': connector(11),
  'connector.refused': { class: 'authentication', activity: 1 },
  'connector.stream': { class: 'tunnel', activity: 1 },
  'connector.stream.end': { class: 'tunnel', activity: 2 },
  'export.begun': ours(8),
  'export.failing': ours(12),
  'export.recovered': ours(13),
  'export.stuck': ours(12),
  'export.skipped': ours(UPDATE),
  'export.rewound': ours(UPDATE),
  'export.tested': ours('Test'),
}

/** A kind of a later version is told as what it is, without a class. */
export const UNKNOWN_KIND: Mapping = { class: 'base', activity: 'Record' }
