/**
 * What a route needs of whoever calls it. Every route declares one, at every door: whoever may open the local socket has all of them, a person
 * those of his roles.
 */
export const permissions = [
  /** Asks for no session: signing in itself. */
  'anybody',
  /** Any session will do. */
  'signed-in',
  /** Runs of one's own: rules say what may be done in them. */
  'planes.use',
  'status.read',
  'resources.read',
  /** Looks at samples of what they hold. */
  'resources.scan',
  /** What MCP servers offer, and what of it is pinned. */
  'tools.read',
  /** Lets tools pass, or no more. */
  'tools.pin',
  /** Which there are, where they dial from and what they carry. */
  'connectors.read',
  /** Lets one in, or no more. */
  'connectors.write',
  /** Who gets the log, and how far each has come. */
  'exports.read',
  /** Tries one, sends again, or leaves out what is refused. */
  'exports.write',
  /** Rules that somebody sent, held against cases: nothing of what was recorded. */
  'policy.read',
  'runs.read',
  'runs.revoke',
  'runs.resume',
  'sessions.read',
  'sessions.kill',
  'trail.read',
  'trail.export',
  'trail.check',
  'trail.erase',
  'trail.prune',
  'holds.read',
  'holds.write',
  'keys.rotate',
  'secrets.read',
  'secrets.write',
  /** Which there are, and what became of them. */
  'approvals.read',
  /** What is asked for, exactly. */
  'approvals.open',
  'approvals.decide',
  'approvals.revoke',
  /** Which there are, for whom and until when. */
  'breakglass.read',
  /** Whether somebody may, their role and the configuration say besides: here, which is with names and reasons, and in the next three. */
  'breakglass.open',
  'breakglass.request',
  'breakglass.confirm',
  'breakglass.close',
  'breakglass.review',
  /** Lets persons in no more, or again. */
  'people.revoke',
  'gateway.operate',
] as const

export type Permission = (typeof permissions)[number]
