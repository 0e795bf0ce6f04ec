import type { Role } from '../../identity/people/index.ts'
import type { Permission } from '../local/permissions.ts'

/** Whoever signs in sees that the glass is broken. Whether they are one who breaks it, or the second person, the configuration says. */
const GLASS = ['breakglass.read', 'breakglass.open', 'breakglass.request', 'breakglass.confirm', 'breakglass.close'] as const
const MEMBER = ['signed-in', 'planes.use', 'status.read', ...GLASS] as const
const LIVE = ['resources.read', 'tools.read', 'connectors.read', 'exports.read', 'policy.read', 'runs.read', 'sessions.read'] as const

/**
 * What each role is for. None contains another: who decides what agents may do is not thereby one who takes entries out of the trail, and whoever looks
 * after the gateway does not thereby read what it recorded.
 */
const PERMISSIONS: Readonly<Record<Role, readonly Permission[]>> = {
  member: MEMBER,
  approver: [
    ...MEMBER,
    ...LIVE,
    'approvals.read',
    'approvals.open',
    'approvals.decide',
    'approvals.revoke',
    'tools.pin',
    'breakglass.review',
    'runs.revoke',
    'sessions.kill',
  ],
  auditor: [
    ...MEMBER,
    ...LIVE,
    'approvals.read',
    'approvals.open',
    'breakglass.review',
    'trail.read',
    'trail.export',
    'trail.check',
    'trail.erase',
    'holds.read',
    'holds.write',
  ],
  admin: [
    ...MEMBER,
    ...LIVE,
    'approvals.read',
    'approvals.revoke',
    'runs.revoke',
    'runs.resume',
    'resources.scan',
    'connectors.write',
    'exports.write',
    'tools.pin',
    'sessions.kill',
    'trail.check',
    'trail.erase',
    'trail.prune',
    'holds.read',
    'keys.rotate',
    'secrets.read',
    'secrets.write',
    'people.revoke',
    'gateway.operate',
  ],
}

/** @returns whether one of these roles may do that */
export function mayDo(roles: ReadonlySet<Role>, permission: Permission): boolean {
  return [...roles].some((role) => PERMISSIONS[role].includes(permission))
}

/** For documentation: the roles that may do something. */
export function rolesThatMay(permission: Permission): readonly Role[] {
  return (Object.keys(PERMISSIONS) as Role[]).filter((role) => PERMISSIONS[role].includes(permission))
}
