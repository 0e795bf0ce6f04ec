import { readdirSync, statfsSync } from 'node:fs'
import type { Finding } from '../api/local/index.ts'
import type { CredentialSettings } from '../credentials/index.ts'
import { type Permitted, roleFindings, unreadRoleFinding, unverifiedFinding } from '../doctor/index.ts'
import { type Issuer, prepareIssuer } from '../identity/index.ts'
import { CodedError, type PostgresResource } from '../operations/index.ts'
import { coverageOf, type Rule } from '../policy/index.ts'
import { selectsResource } from '../policy/selectors.ts'
import { type PostgresAsk, type RoleFacts, readRole } from '../protocols/postgres/index.ts'
import { analyzerFinding } from './analyzer-finding.ts'
import { breakGlassFinding } from './breaking-glass.ts'
import { connectorFindings, reachFindings, unreachedFinding } from './connector-findings.ts'
import { exportFindings } from './exporting/index.ts'
import { httpFindings } from './http-findings.ts'
import { maskFindings } from './mask-findings.ts'
import { metricsFindings } from './metrics-findings.ts'
import { pinFindings } from './pinning.ts'
import type { Rooms } from './rooms.ts'
import { secretsOf } from './secrets-of.ts'
import { version } from './version.ts'
import type { Witnessing } from './witnessing.ts'

/** Each finding is there within this long, ms. */
const PATIENCE_MS = 10_000
/** Less room than this on the disk of the log is worth a warning, bytes: a day of a busy gateway. */
const LITTLE_ROOM = 2 * 1024 ** 3

/**
 * Looks at everything that a gateway depends on beyond this machine and its configuration (doctor/ looks at those), one finding after another.
 * @param isOpen whether its doors are open, so that connectors can be there
 */
export async function* doctor(rooms: Rooms, isOpen: boolean, signal: AbortSignal): AsyncIterable<Finding> {
  yield trailFinding(rooms)
  yield checkpointFinding(rooms)
  yield* asideFindings(rooms)
  if (rooms.witnessing) yield witnessFinding(rooms.witnessing)
  yield diskFinding(rooms)
  yield* metricsFindings(rooms.metrics, rooms.inForce.config)
  if (rooms.breakGlass && (rooms.inForce.config.breakGlass || rooms.breakGlass.counts.unreviewed > 0))
    yield breakGlassFinding(rooms.breakGlass)
  yield* secretFindings(rooms)
  for (const settings of rooms.inForce.config.issuers) {
    yield await within(`issuer ${settings.name}`, signal, async () => {
      await publishesKeys(prepareIssuer(settings).keys)
      return 'publishes its keys'
    })
  }
  yield* exportFindings(rooms.exporting)
  for (const { name, examine } of rooms.channels?.all ?? []) yield await within(`channel ${name}`, signal, examine)
  yield* connectorFindings({ ...rooms, version: version(), isOpen })
  const { configured, resources } = rooms.inForce.taken
  for (const resource of resources.all) {
    if (resource.kind !== 'postgres') continue
    const settings = configured.postgres.get(resource.name)
    if (settings?.via !== undefined && !isOpen) yield unreachedFinding(resource.name, settings.via)
    else yield* resourceFindings(rooms, resource, signal)
    if (settings) yield* reachFindings(rooms, settings, signal)
  }
  for (const resource of configured.http.values()) {
    if (resource.via !== undefined && !isOpen) yield unreachedFinding(resource.name, resource.via)
    else yield* httpFindings(rooms, resource, signal)
    yield* reachFindings(rooms, resource, signal)
    if (resource.kind === 'mcp') yield* pinFindings(rooms.toolPins, resource.name)
  }
  yield* maskFindings(rooms, signal)
  const { analyzer } = rooms.inForce.config.masking
  if (analyzer) yield await analyzerFinding(analyzer, signal)
}

/** Each credential of a resource logs in, and its role is held against what the rules permit through it. */
async function* resourceFindings(rooms: Rooms, resource: PostgresResource, signal: AbortSignal): AsyncIterable<Finding> {
  const { config, taken } = rooms.inForce
  const settings = taken.configured.postgres.get(resource.name)
  if (settings === undefined) return
  const unverified = settings.tls.verify === 'off'
  for (const credential of settings.credentials) {
    // One credential is the resource's; where there are more, each is named.
    const subject = `resource ${resource.name}${settings.credentials.length > 1 ? ` as ${credential.as}` : ''}`
    const roles: (RoleFacts | Unread)[] = []
    yield await within(subject, signal, async (bounded) => {
      const role = await visit(rooms, resource, credential.as, bounded)
      roles.push(role)
      const version = 'unread' in role ? '' : ` (PostgreSQL ${role.serverVersion})`
      return `reached${unverified ? '' : ', trusted'} and logged in to${version}`
    })
    for (const role of roles) {
      if ('unread' in role) yield unreadRoleFinding(subject, role.unread)
      else yield* roleFindings(subject, role, permittedThrough(credential, resource, config.rules))
    }
  }
  if (unverified) yield unverifiedFinding(resource.name)
}

/** What some rule, for whomever, could permit a session that this credential opens. */
function permittedThrough({ for: covered }: CredentialSettings, resource: PostgresResource, rules: readonly Rule[]): Permitted {
  const permitting = rules.filter((rule) => rule.effect !== 'deny' && selectsResource(rule, resource))
  const classes = new Set(permitting.flatMap((rule) => [...(coverageOf('postgres', rule.do)?.permitted ?? [])]))
  const may = (name: string) => classes.has(name) && (covered === undefined || covered.includes(name))
  // Nobody knows what an opaque statement does.
  return { write: may('write') || may('opaque'), define: may('define') || may('opaque') }
}

/** Why nothing is known of a role, one sentence. */
interface Unread {
  readonly unread: string
}

/** Logs in with a credential of the gateway's own, asks what its role may do, and leaves. A pooler may know log-ins and no such question. */
async function visit(
  { connector }: Rooms,
  resource: PostgresResource,
  credential: string,
  signal: AbortSignal,
): Promise<RoleFacts | Unread> {
  const database = [...resource.databases.values()][0] ?? 'postgres'
  const ask: PostgresAsk = { database, settings: new Map(), minor: 0, readOnly: false }
  const { target } = await connector.connectAs(resource, credential, ask, signal)
  const leave = () => target.socket.destroy()
  signal.addEventListener('abort', leave, { once: true })
  try {
    return await readRole(target)
  } catch (error) {
    signal.throwIfAborted()
    return { unread: error instanceof CodedError ? error.message : 'The target closed the connection.' }
  } finally {
    signal.removeEventListener('abort', leave)
    leave()
  }
}

function trailFinding({ trail }: Rooms): Finding {
  if (trail.state === 'open') return { subject: 'trail', level: 'ok', found: 'is being written' }
  return {
    subject: 'trail',
    level: 'fail',
    found: `is ${trail.state}: nothing is forwarded`,
    next: 'Make room on the disk of gateway.data.',
  }
}

/** A checkpoint is signed every second; later than this, ms, something holds it up. */
const LATE_MS = 5_000

function checkpointFinding({ trail }: Rooms): Finding {
  const { size, age } = trail.proven
  if (age <= LATE_MS) return { subject: 'log', level: 'ok', found: `${trail.name} has ${size} entries that can be proven` }
  return {
    subject: 'log',
    level: 'warn',
    found: `has had entries without a checkpoint for ${Math.round(age / 1000)} s`,
    next: "Read the gateway's log: the disk is nearly full, or a witness has not answered since the start.",
  }
}

/** That the log begins anew is never passed over in silence, as long as the one before it is here. */
function* asideFindings({ inForce, trail }: Rooms): Iterable<Finding> {
  const aside = readdirSync(inForce.config.gateway.data).filter((name) => /^trail\.\d{1,9}$/.test(name))
  if (aside.length === 0) return
  yield {
    subject: 'log',
    level: 'warn',
    found: `${trail.name} goes on from a log that was set aside in ${aside.join(', ')}; its first entry says why`,
    next: 'Read it with gatescribe trail show 0; move the folder away once it was examined and nothing in it must be erased any more.',
  }
}

/** Witnesses are asked every ten seconds; a quorum later than this is missing. */
const UNWITNESSED_MS = 60_000

function witnessFinding({ need, states, compared, age }: Witnessing): Finding {
  const failing = states.filter(({ error }) => error !== undefined)
  const found = `${states.length - failing.length} of ${states.length} answer, ${need} are needed`
  if (compared && age <= UNWITNESSED_MS && failing.length === 0) return { subject: 'witnesses', level: 'ok', found }
  const why = failing.map(({ name, error }) => `${name}: ${error?.message}`).join(' ')
  const level = compared && states.length - failing.length >= need ? 'warn' : 'fail'
  return { subject: 'witnesses', level, found: `${found}. ${why}`.trim(), next: failing[0]?.error?.next ?? 'Wait for their first answer.' }
}

function diskFinding({ inForce }: Rooms): Finding {
  const { bavail, bsize } = statfsSync(inForce.config.gateway.data)
  const free = bavail * bsize
  const found = `${(free / 1024 ** 3).toFixed(1)} GiB free for the trail`
  if (free >= LITTLE_ROOM) return { subject: 'disk', level: 'ok', found }
  return { subject: 'disk', level: 'warn', found, next: 'Make room: when the disk is full, nothing is forwarded.' }
}

function* secretFindings({ inForce, secrets }: Rooms): Iterable<Finding> {
  const kept = new Set(secrets.list().map(({ name }) => name))
  for (const name of secretsOf(inForce.config)) {
    if (kept.has(name)) yield { subject: `secret ${name}`, level: 'ok', found: 'is in the sealed store' }
    else
      yield {
        subject: `secret ${name}`,
        level: 'fail',
        found: 'is referred to but not set',
        next: `Set it with: gatescribe secret set ${name}`,
      }
  }
}

async function within(subject: string, signal: AbortSignal, look: (signal: AbortSignal) => Promise<string>): Promise<Finding> {
  try {
    return { subject, level: 'ok', found: await look(AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)])) }
  } catch (error) {
    if (error instanceof CodedError) return { subject, level: 'fail', found: `${error.message} [${error.code}]`, next: error.next }
    const found =
      error instanceof Error && error.name === 'TimeoutError' ? `did not answer within ${PATIENCE_MS / 1000} s` : 'could not be looked at'
    return { subject, level: 'fail', found }
  }
}

/** That no key has our made-up id is what a healthy issuer answers. */
async function publishesKeys(keys: Issuer['keys']): Promise<void> {
  try {
    await keys({ alg: 'RS256', kid: 'gatescribe-doctor' }, { payload: '', signature: '' })
  } catch (error) {
    if (error instanceof CodedError) throw error
  }
}
