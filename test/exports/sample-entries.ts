import { entryText } from '../../src/trail/entry.ts'
import type { EntryFields, EntryKind, StoredEntry } from '../../src/trail/index.ts'

const who = { pseudonym: 'AbCdEfGhIjKlMnOpQrStUv', issuer: 'github', kind: 'job', proof: 'proven' }
const person = { pseudonym: 'PeRsOnPeRsOnPeRsOnPeRs', kind: 'person', proof: 'proven' }
const run = 'run_1'
const session = 'ses_0123456789abcdef'
const policy = 'sha256:aa'
const glass = { breakGlass: 'bgl_1', who: person, resources: ['orders-db'] }
const tools = { resource: 'tickets', tools: [{ digest: 'sha256:bb' }] }
const connector = { connector: 'con_1', name: 'plant-a' }

/** One entry of each kind at least, in an order in which a log could have them: who refers to what comes behind it. */
export const SAMPLES: readonly (readonly [kind: EntryKind, fields: EntryFields])[] = [
  ['gateway.start', { version: '0.1.0', node: '24.0.0', durability: 'disk', config: 'sha256:cc', policy }],
  ['gateway.recovered', { segment: 1, bytes: 12 }],
  ['clock.step', { ms: -1_200 }],
  ['config.changed', { from: 'sha256:cc', to: 'sha256:dd', policyFrom: policy, policyTo: policy, who: 'file', proof: 'unproven' }],
  ['config.refused', { code: 'GS_CONFIG_INVALID', problems: 2 }],
  ['key.changed', { from: 'a+b+c', to: 'd+e+f' }],
  ['ca.minted', { what: 'leaf', serial: '01' }],
  ['secret.changed', { secret: 'orders', change: 'set', version: 1, by: 'local-operator' }],
  ['secret.changed', { secret: 'orders', change: 'removed', by: 'local-operator' }],
  ['signin.offered', { door: 'admin', role: 'admin' }],
  ['signin', { door: 'admin', session: 'sgn_1', via: 'oidc', who: person, roles: ['admin'] }],
  ['signin.refused', { door: 'postgres', code: 'GS_IDENTITY_CREDENTIAL' }],
  ['signout', { door: 'admin', session: 'sgn_1', who: person, why: 'asked' }],
  ['person.revoked', { who: person, sessions: 1, by: 'local-operator' }],
  ['person.restored', { who: person, by: 'local-operator' }],
  ['run.start', { run, who }],
  ['run.spans', { run, batch: 'spn_1', who, key: '0011223344556677', spans: 2, other: 0, dropped: 0, claimed: true }],
  ['session.open', { session, run, who, resource: 'orders-db', protocol: 'postgres', tls: true, key: '00', policy, effect: 'allow' }],
  ['credential.injected', { session, credential: 'job', version: 1 }],
  ['connector.stream', { ...connector, stream: 'stm_1', resource: 'orders-db', session }],
  [
    'operation.intent',
    {
      session,
      ops: [
        [1, 1, 1],
        [2, 1, 1],
      ],
      decisions: [[1, 'allow', ['may-read'], policy]],
    },
  ],
  [
    'operation.outcome',
    {
      session,
      outcomes: [
        [1, 'completed', 3, 120, 900],
        [2, 'failed', 0, 0, 40, '42P01'],
      ],
    },
  ],
  ['operation.intent', { session, ops: [[3, 2, 2]], decisions: [[2, 'deny', ['no-unbounded-writes'], policy]] }],
  ['operation.outcome', { session, outcomes: [[3, 'refused', 0, 0, 0]] }],
  ['operation.intent', { session, ops: [[4, 3, 3]], decisions: [[3, 'ask', ['ask-deletes'], policy]], approval: 'apr_1' }],
  ['operation.outcome', { session, outcomes: [[4, 'unknown', 0, 0, 0]] }],
  ['operation.outcome', { session, outcomes: [[5, 'completed', 1, 2, 3]] }],
  ['approval.asked', { approval: 'apr_1', run, session, resource: 'orders-db', protocol: 'postgres', policy, mode: 'hold', stream: false }],
  ['approval.decided', { approval: 'apr_1', run, verdict: 'approve', complete: true, who: person, channel: 'cli', rules: ['ask-deletes'] }],
  ['approval.used', { approval: 'apr_1', run, session }],
  ['approval.ended', { approval: 'apr_2', run, state: 'expired', mode: 'hold' }],
  ['recording.segment', { session, segment: 1, events: 9, bytes: 1_024 }],
  ['recording.viewed', { viewed: session, follow: false, viewer: 'local-operator' }],
  ['credential.leaked', { session, credential: 'postgres', in: 'recording.1' }],
  ['credential.foreign', { door: 'postgres' }],
  ['egress.refused', { run }],
  ['catalog.read', { resource: 'orders-db' }],
  ['catalog.outcome', { resource: 'orders-db', outcome: 'read', ms: 12, version: 1, relations: 4, changed: true }],
  [
    'connector.stream.end',
    { ...connector, stream: 'stm_1', resource: 'orders-db', session, bytesIn: 10, bytesOut: 20, ms: 30, why: 'ended' },
  ],
  ['session.killed', { session, run, by: 'local-operator' }],
  ['session.close', { session, reason: 'client', allowed: 2, refused: 1 }],
  [
    'session.open',
    { session: 'ses_2', run, who, resource: 'cluster', protocol: 'kubernetes', tls: true, key: '00', policy, effect: 'deny' },
  ],
  ['operation.intent', { session: 'ses_2', ops: [[1, 1, 1]], decisions: [[1, 'allow', [], policy]] }],
  ['operation.outcome', { session: 'ses_2', outcomes: [[1, 'completed', 0, 512, 2_000, '200']] }],
  ['budget.exceeded', { run, budget: 'daily', measure: 'operations' }],
  ['run.suspended', { run, budget: 'daily' }],
  ['run.resumed', { run, by: 'local-operator' }],
  ['run.revoked', { run, by: 'local-operator' }],
  ['run.end', { run, state: 'revoked', first: 15, last: 47, durability: 'disk', seal: 'none', gaps: 0 }],
  ['breakglass.requested', { ...glass, minutes: 30 }],
  ['breakglass.opened', { ...glass, minutes: 30, confirmedBy: person, until: '2026-11-27T12:00:00Z' }],
  ['breakglass.closed', { ...glass, why: 'closed' }],
  ['breakglass.reviewed', { ...glass, reviewedBy: person }],
  ['breakglass.ended', { ...glass, state: 'denied' }],
  ['tools.seen', tools],
  ['tools.changed', tools],
  ['tools.pinned', { ...tools, by: 'local-operator' }],
  ['tools.unpinned', { ...tools, by: 'local-operator' }],
  ['scan.begun', { resource: 'orders-db', rows: 100, views: false, analyzer: false, by: 'local-operator' }],
  ['scan.ended', { resource: 'orders-db', by: 'local-operator', outcome: 'done', relations: 1, columns: 2, rows: 3 }],
  ['scan.ended', { resource: 'orders-db', by: 'local-operator', outcome: 'failed', code: 'GS_GATEWAY_NO_RESOURCE' }],
  ['scan.ended', { resource: 'orders-db', by: 'local-operator', outcome: 'abandoned' }],
  ['log.read', { from: 0, follow: false, opened: false, viewer: 'local-operator' }],
  ['log.exported', { what: 'bundle', scope: { run }, opened: false, first: 1, last: 9, entries: 4, viewer: 'local-operator' }],
  ['log.continued', { log: 'gateway.test/tests/one', size: 12, reason: 'rolled-back' }],
  ['log.closed', { reason: 'compromised' }],
  ['erasure.asked', { request: 'era_1', erases: { runs: 1 }, by: 'local-operator' }],
  ['erasure.ended', { request: 'era_1', state: 'expired' }],
  ['erased', { request: 'era_1', keys: 3, erasure: 'x' }],
  ['pruned', { entries: 256, by: 'schedule' }],
  ['hold.placed', { hold: 'hld_1', run, by: 'local-operator' }],
  ['hold.lifted', { hold: 'hld_1', by: 'local-operator' }],
  ['gap', { of: 'session.open', reason: 'full' }],
  ['connector.offered', { name: 'plant-a', offer: 'off_1', by: 'local-operator' }],
  ['connector.enrolled', { ...connector, enrolledBy: 'token' }],
  ['connector.up', { ...connector, version: '0.1.0' }],
  ['connector.down', { ...connector, why: 'silent' }],
  ['connector.refused', { name: 'plant-a', code: 'GS_CONNECTOR_UNKNOWN' }],
  ['connector.revoked', { ...connector, by: 'local-operator' }],
  ['export.begun', { export: 'siem', from: 0 }],
  ['export.failing', { export: 'siem', code: 'GS_EXPORTS_STATUS', cursor: 9 }],
  ['export.recovered', { export: 'siem', cursor: 9, seconds: 60 }],
  ['export.stuck', { export: 'siem', entry: 9, status: 422 }],
  ['export.skipped', { export: 'siem', entry: 9, by: 'local-operator' }],
  ['export.rewound', { export: 'siem', from: 9, to: 0, by: 'local-operator' }],
  ['export.tested', { export: 'siem', test: 'tst_1', by: 'local-operator' }],
  ['gateway.stop', { reason: 'asked' }],
]

/** As a log holds it. */
export function storedSample(index: number, kind: EntryKind, fields: EntryFields): StoredEntry {
  const id = `7f3a9c21b0.${index}` as const
  const at = `2026-11-27T12:00:${String(index % 60).padStart(2, '0')}.123456789Z`
  const text = entryText({ kind, fields }, id, at, undefined)
  return { index, id, kind, at, fields, commitments: {}, bytes: Buffer.from(text), payloads: () => [] }
}
