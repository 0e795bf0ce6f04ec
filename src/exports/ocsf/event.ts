import { type About, text } from '../about.ts'
import type { ExportedEvent } from '../batch.ts'
import type { Sender } from '../form.ts'
import { type Standing, standingOf } from '../kinds.ts'
import { outcomesIn } from '../outcomes.ts'
import type { Severity } from '../severity.ts'
import { classes, type OcsfClass, OTHER } from './classes.ts'
import { type Mapping, mappings, UNKNOWN_KIND } from './mapping.ts'

export const OCSF_VERSION = '1.9.0'

const SEVERITIES: Readonly<Record<Severity, readonly [id: number, name: string]>> = {
  information: [1, 'Informational'],
  low: [2, 'Low'],
  medium: [3, 'Medium'],
  high: [4, 'High'],
  critical: [5, 'Critical'],
}
const STATUSES = { success: [1, 'Success'], failure: [2, 'Failure'], unknown: [0, 'Unknown'] } as const
/** Types of observables: dictionary and objects of the schema. */
const USER_UID = 31
const RESOURCE_NAME = 38

type Attributes = Readonly<Record<string, unknown>>

/** One entry as one event. */
export function ocsfEvent({ id, entry, about, leaf }: ExportedEvent, log: string, sender: Sender): Attributes {
  const { kind, fields, index, at } = entry
  const mapping = Object.hasOwn(mappings, kind) ? mappings[kind]! : UNKNOWN_KIND
  const className = mapping.class === 'operation' ? (about.protocol === 'postgres' ? 'datastore' : 'api') : mapping.class
  const said = typeof mapping.activity === 'function' ? mapping.activity(fields) : mapping.activity
  const standing = standingOf(kind, fields, about)
  const own = ofClass(className, { kind, fields, about, id, mapping, log })
  return {
    ...classified(classes[className], said),
    ...judged(standing, className === 'finding'),
    time: millisecondsOf(at),
    timezone_offset: 0,
    message: standing.caption,
    metadata: {
      ...metadata(sender),
      ...{ uid: id, log_name: log, sequence: index, event_code: kind, original_event_uid: entry.id, original_time: at },
      ...(about.run !== undefined && { correlation_uid: about.run }),
      ...(about.decisions.length > 0 && { profiles: ['security_control'] }),
    },
    ...controlled(about),
    ...own,
    ...observables(own),
    raw_data: Buffer.from(entry.bytes).toString(),
    raw_data_size: entry.bytes.byteLength,
    unmapped: { leaf: leaf.toString('hex'), ...fields },
  }
}

/** Something that is told beside the entries: of the log, by a class of its own. */
export function ocsfNotice(id: string, caption: string, at: number, said: Attributes, log: string, sender: Sender): Attributes {
  return {
    ...classified(classes.log, 'Notice'),
    ...judged({ caption, severity: 'low', status: 'unknown' }, false),
    ...{ time: at, timezone_offset: 0, message: caption },
    metadata: { ...metadata(sender), uid: id, log_name: log },
    log_name: log,
    unmapped: said,
  }
}

function metadata({ version, instance }: Sender): Attributes {
  return {
    version: OCSF_VERSION,
    product: { name: 'Gatescribe', vendor_name: 'Gatescribe', version, uid: instance },
    log_provider: 'gatescribe',
  }
}

function classified({ uid, name, category, activities }: OcsfClass, activity: number | string): Attributes {
  const activityId = typeof activity === 'number' ? activity : OTHER
  const activityName = typeof activity === 'number' ? activities[activity]! : activity
  return {
    ...{ activity_id: activityId, activity_name: activityName, category_uid: category.uid, category_name: category.name },
    ...{ class_uid: uid, class_name: name, type_uid: uid * 100 + activityId },
    type_name: `${name}: ${activityId === OTHER ? 'Other' : activityName}`,
  }
}

/** Findings are new, neither a success nor a failure. */
function judged({ severity, status }: Standing, isFinding: boolean): Attributes {
  const [severityId, severityName] = SEVERITIES[severity]
  const [statusId, statusName] = isFinding ? ([1, 'New'] as const) : STATUSES[status]
  return { severity_id: severityId, severity: severityName, status_id: statusId, status: statusName }
}

/** Profile security_control: what the rules said. What is to be approved is neither allowed nor denied yet. */
function controlled({ decisions }: About): Attributes {
  if (decisions.length === 0) return {}
  const effects = decisions.map(({ effect }) => effect)
  if (effects.includes('deny'))
    return { action_id: 2, action: 'Denied', disposition_id: 2, disposition: 'Blocked', ...authorizations(decisions) }
  if (effects.includes('ask'))
    return { action_id: 0, action: 'Unknown', disposition_id: 14, disposition: 'Delayed', ...authorizations(decisions) }
  return { action_id: 1, action: 'Allowed', disposition_id: 1, disposition: 'Allowed', ...authorizations(decisions) }
}

function authorizations(decisions: About['decisions']): Attributes {
  return {
    authorizations: decisions.flatMap(({ effect, rules, policy }) =>
      (rules.length === 0 ? [undefined] : rules).map((rule) => ({
        decision: effect,
        ...((rule !== undefined || policy !== '') && {
          policy: { ...(rule !== undefined && { name: rule }), ...(policy !== '' && { uid: policy }) },
        }),
      })),
    ),
  }
}

interface Parts {
  readonly kind: string
  readonly fields: ExportedEvent['entry']['fields']
  readonly about: About
  readonly id: string
  readonly mapping: Mapping
  readonly log: string
}

function ofClass(className: keyof typeof classes, { kind, fields, about, id, mapping, log }: Parts): Attributes {
  switch (className) {
    case 'base':
      return {}
    case 'log':
      return { log_name: log, log_type: 'Application', log_type_id: 2, actor: actorOf(about, fields) }
    case 'finding':
      return {
        finding_info: { uid: id, title: standingOf(kind, fields, about).caption, types: [kind] },
        ...(about.resource !== undefined && { resources: [resourceOf(about)] }),
        is_alert: true,
      }
    case 'account':
      return { actor: actorOf(about, fields, true), user: userOf(about) }
    case 'authentication':
      return {
        user: kind === 'credential.injected' ? { uid: text(fields.credential) ?? 'unknown', type_id: 4, type: 'Service' } : userOf(about),
        service: { name: about.resource ?? text(fields.door) ?? 'gatescribe' },
        ...(about.session !== undefined && { session: sessionOf(about) }),
        ...codeOf(fields),
      }
    case 'entity': {
      const [type, field] = mapping.entity!
      const name = field === undefined ? undefined : text(fields[field])
      return {
        entity: { type, type_id: OTHER, ...(name === undefined ? { name: type } : { uid: name }) },
        actor: actorOf(about, fields),
        ...codeOf(fields),
      }
    }
    case 'tunnel':
      return {
        session: { uid: about.session ?? text(fields.stream) ?? id },
        ...(about.resource !== undefined && { dst_endpoint: { svc_name: about.resource } }),
        tunnel_type: 'Connector',
        tunnel_type_id: OTHER,
      }
    case 'lifecycle':
      return { app: { name: 'Gatescribe', vendor_name: 'Gatescribe' } }
    case 'api':
      return {
        actor: actorOf(about, fields),
        api: { operation: kind, service: { name: about.protocol ?? 'egress' } },
        ...endpoints(about, id),
        ...(about.resource !== undefined && { resources: [resourceOf(about)] }),
        ...codeOf(fields),
      }
    case 'datastore':
      return {
        actor: actorOf(about, fields),
        database: { name: about.resource ?? 'unknown', type_id: 1, type: 'Relational' },
        ...{ type_id: 1, type: 'Database' },
        ...endpoints(about, id),
        ...codeOf(fields),
      }
    case 'scan':
      return { scan: { uid: id, name: about.resource ?? 'unknown', type_id: 1, type: 'Manual' }, ...codeOf(fields) }
  }
}

/** Addresses are sealed: what is known of both ends is who and what they are. */
function endpoints({ run, session, resource }: About, id: string): Attributes {
  return {
    src_endpoint: { uid: run ?? session ?? id, type_id: 0 },
    ...(resource !== undefined && { dst_endpoint: { svc_name: resource } }),
  }
}

/** Who did it; where nobody is named, the gateway itself. @param isDoer the entry is about one person, and done by another */
function actorOf(about: About, fields: Parts['fields'], isDoer = false): Attributes {
  const by = text(fields.by) ?? text(fields.viewer)
  const user = by !== undefined ? { uid: by } : isDoer || about.who === undefined ? undefined : userOf(about)
  const session = about.session === undefined ? {} : { session: sessionOf(about) }
  return user ? { user, ...session } : { app_name: 'gatescribe', ...session }
}

function userOf({ who, principal }: About): Attributes {
  if (who === undefined) return { name: 'unknown', type_id: 0, type: 'Unknown' }
  return { uid: who, ...(principal === 'person' ? { type_id: 1, type: 'User' } : { type_id: 4, type: 'Service' }) }
}

function sessionOf({ session, issuer }: About): Attributes {
  return { uid: session, ...(issuer !== undefined && { issuer }) }
}

function resourceOf({ resource, protocol }: About): Attributes {
  return { name: resource, ...(protocol !== undefined && { type: protocol }), role_id: 1, role: 'Target' }
}

/** The code that the entry names, or the first that a target answered with. */
function codeOf(fields: Parts['fields']): Attributes {
  const code = text(fields.code) ?? text(fields.reason) ?? outcomesIn(fields).find((one) => one.code !== undefined)?.code
  return code === undefined ? {} : { status_code: code }
}

/** What others search for: whom, and what. Each is an attribute of the event, named as it is reached. */
function observables({ actor, user, resources }: Attributes): Attributes {
  const uidIn = (whom: unknown) => (whom as { readonly uid?: string } | undefined)?.uid
  const found = [
    ...observable('actor.user.uid', USER_UID, uidIn((actor as { readonly user?: unknown } | undefined)?.user)),
    ...observable('user.uid', USER_UID, uidIn(user)),
    ...((resources ?? []) as readonly { readonly name: string }[]).flatMap(({ name }) => observable('resources.name', RESOURCE_NAME, name)),
  ]
  return found.length === 0 ? {} : { observables: found }
}

function observable(name: string, type: number, value: string | undefined): readonly Attributes[] {
  return value === undefined ? [] : [{ name, type_id: type, value }]
}

/** @param at RFC 3339, nanoseconds */
function millisecondsOf(at: string): number {
  return Date.parse(at.replace(/(\.\d{3})\d*Z$/, '$1Z'))
}
