import type { EntryKind } from '../trail/index.ts'
import type { About } from './about.ts'
import { outcomesIn } from './outcomes.ts'
import type { Severity } from './severity.ts'

/** What a kind of entry is to people who look at many of them. */
export interface KindFacts {
  /** What happened, a few words. */
  readonly caption: string
  readonly severity: Severity
  /** It tells of something that did not come to be, or went wrong. */
  readonly failure?: true
}

const quiet = (caption: string): KindFacts => ({ caption, severity: 'information' })
const notable = (caption: string): KindFacts => ({ caption, severity: 'low' })
const serious = (caption: string): KindFacts => ({ caption, severity: 'medium' })
const grave = (caption: string): KindFacts => ({ caption, severity: 'high' })
const failed = (facts: KindFacts): KindFacts => ({ ...facts, failure: true })

/** Each kind that this version writes. */
export const kindFacts: Readonly<Record<EntryKind, KindFacts> & Record<string, KindFacts>> = {
  'gateway.start': quiet('The gateway started'),
  'gateway.stop': quiet('The gateway stopped'),
  'gateway.recovered': notable('The gateway recovered the log after a crash'),
  'config.changed': notable('The configuration was changed'),
  'config.refused': failed(notable('A changed configuration was refused')),
  'key.changed': notable('A key was changed'),
  'ca.minted': quiet('A certificate was made'),
  'secret.changed': notable('A secret was changed'),
  signin: quiet('Somebody signed in'),
  'signin.refused': failed(notable('A sign-in was refused')),
  'signin.offered': serious('A link for the first administrator was shown'),
  signout: quiet('Somebody signed out'),
  'person.revoked': serious('A person was locked out'),
  'person.restored': notable('A person was let in again'),
  'run.start': quiet('A run started'),
  'run.end': quiet('A run ended'),
  'run.revoked': serious('A run was revoked'),
  'run.suspended': serious('A run was suspended'),
  'run.resumed': notable('A run was resumed'),
  'run.spans': quiet('A job told of its spans'),
  'budget.exceeded': serious('A budget was exceeded'),
  'session.open': quiet('A session was opened'),
  'session.close': quiet('A session was closed'),
  'session.killed': serious('A session was killed'),
  'approval.asked': notable('An approval was asked for'),
  'approval.decided': notable('An approval was decided'),
  'approval.used': quiet('An approval was used'),
  'approval.ended': quiet('An approval ended'),
  'breakglass.requested': grave('Break-glass was requested'),
  'breakglass.opened': { caption: 'The glass was broken', severity: 'critical' },
  'breakglass.ended': notable('A request for break-glass ended'),
  'breakglass.closed': serious('Break-glass was closed'),
  'breakglass.reviewed': notable('Break-glass was reviewed'),
  'operation.intent': quiet('Operations were decided'),
  'operation.outcome': quiet('Operations ended'),
  'recording.segment': quiet('What a session showed was recorded'),
  'recording.viewed': notable('A recording was viewed'),
  'credential.injected': quiet('A credential was used at a target'),
  'credential.leaked': grave('A credential of the gateway showed up where it does not belong'),
  'credential.foreign': serious('A credential that is not of the gateway was presented'),
  'egress.refused': failed(serious('A connection to somewhere else was refused')),
  'catalog.read': quiet('The gateway reads the catalogue of a target'),
  'catalog.outcome': quiet('The gateway read the catalogue of a target'),
  'tools.seen': notable('Tools of an MCP server were seen'),
  'tools.changed': grave('Tools of an MCP server are other ones than were pinned'),
  'tools.pinned': notable('Tools of an MCP server were pinned'),
  'tools.unpinned': notable('Tools of an MCP server were unpinned'),
  'scan.begun': notable('A scan for sensitive columns began'),
  'scan.ended': notable('A scan for sensitive columns ended'),
  'log.read': notable('The log was read'),
  'log.exported': notable('Evidence was taken out of the log'),
  'log.continued': grave('A new log began in the place of one that was set aside'),
  'log.closed': grave('A log was closed for good'),
  'erasure.asked': serious('An erasure was asked for'),
  'erasure.ended': notable('An asked-for erasure was ended'),
  erased: serious('Recorded content was erased'),
  pruned: notable('Old entries were pruned'),
  'hold.placed': notable('A legal hold was placed'),
  'hold.lifted': serious('A legal hold was lifted'),
  gap: failed(grave('Entries are known to be missing')),
  'clock.step': serious('The clock was set'),
  'connector.offered': notable('An enrolment token for a connector was made'),
  'connector.enrolled': notable('A connector was enrolled'),
  'connector.revoked': serious('A connector was revoked'),
  'connector.up': quiet('A connector came up'),
  'connector.down': serious('A connector went down'),
  'connector.refused': failed(serious('A connector was refused')),
  'connector.stream': quiet('A stream through a connector was opened'),
  'connector.stream.end': quiet('A stream through a connector ended'),
  'export.begun': notable('An export began'),
  'export.failing': failed(serious('The receiver of an export takes nothing')),
  'export.recovered': quiet('The receiver of an export takes what is sent again'),
  'export.stuck': failed(grave('The receiver of an export refuses an entry')),
  'export.skipped': grave('An entry was left out of an export'),
  'export.rewound': notable('An export was set back'),
  'export.tested': quiet('An export was tried'),
}

/** Of a kind of a later version. */
const OTHER: KindFacts = { caption: 'Something was recorded', severity: 'information' }

/** What one entry is: refusals and failures among operations show. */
export interface Standing {
  readonly caption: string
  readonly severity: Severity
  readonly status: 'success' | 'failure' | 'unknown'
}

export function standingOf(kind: string, fields: Parameters<typeof outcomesIn>[0], { decisions, resource }: About): Standing {
  const { caption, severity, failure } = Object.hasOwn(kindFacts, kind) ? kindFacts[kind]! : OTHER
  const said = resource === undefined ? caption : `${caption} (${resource})`
  if (decisions.some(({ effect }) => effect === 'deny')) return { caption: `${said}: denied`, severity: 'medium', status: 'failure' }
  if (decisions.some(({ effect }) => effect === 'ask')) return { caption: `${said}: to be approved`, severity: 'low', status: 'unknown' }
  if (kind === 'operation.outcome') return { caption: said, ...endOf(fields) }
  return { caption: said, severity, status: failure ? 'failure' : 'success' }
}

function endOf(fields: Parameters<typeof outcomesIn>[0]): Omit<Standing, 'caption'> {
  const statuses = new Set(outcomesIn(fields).map(({ status }) => status))
  if (statuses.has('refused')) return { severity: 'medium', status: 'failure' }
  if ([...FAILED].some((status) => statuses.has(status))) return { severity: 'low', status: 'failure' }
  return { severity: 'information', status: statuses.has('unknown') || statuses.size === 0 ? 'unknown' : 'success' }
}

const FAILED: ReadonlySet<string> = new Set(['failed', 'skipped', 'cancelled', 'aborted'])
