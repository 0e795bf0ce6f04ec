import { breakGlassAnswer } from '../api/local/break-glass-answers.ts'
import type { BreakGlassOperator, Finding } from '../api/local/index.ts'
import type { BreakGlass, BreakGlassView } from '../breakglass/index.ts'
import type { Announcement, Channels } from '../channels/index.ts'
import { GatewayError } from './errors.ts'
import type { GatewayLog } from './log.ts'
import type { Viewer } from './operator.ts'
import type { Records } from './records.ts'

/** How often those who should review are told of what nobody has reviewed; ms. */
const REMINDED_EVERY = 24 * 3_600_000

export interface BreakingParts {
  /** Undefined where nobody signs in. */
  readonly breakGlass: BreakGlass | undefined
  readonly records: Pick<Records, 'breakGlassOpened'>
}

/** Break-glass as one caller may see it and take part in it: only a person asks, confirms and reviews. */
export function breakGlassOperator({ breakGlass, records }: BreakingParts, { name, person }: Viewer): BreakGlassOperator {
  const known = () => {
    if (breakGlass === undefined) throw new GatewayError('GS_GATEWAY_NO_PEOPLE')
    return breakGlass
  }
  const somebody = () => {
    if (person === undefined) throw new GatewayError('GS_GATEWAY_PERSONS_ONLY')
    return person
  }
  return {
    breakGlasses: async () => known().list(),
    breakGlass: async (id) => known().show(id, person ?? name, () => records.breakGlassOpened(name, id)),
    requestBreakGlass: async (asked) => known().request(asked, somebody()),
    confirmBreakGlass: async (id) => known().confirm(id, somebody()),
    closeBreakGlass: async (id, reason) => known().close(id, person ?? name, reason),
    reviewBreakGlass: async (id, note) => known().review(id, somebody(), note),
  }
}

/** Takes up what an earlier process left, and says from now on, in the log and in every channel, what becomes of it. @param signal ends that */
export async function beginBreakGlass(
  breakGlass: BreakGlass,
  channels: Pick<Channels, 'announce'> | undefined,
  log: Pick<GatewayLog, 'warn'>,
  signal: AbortSignal,
): Promise<void> {
  const say = (view: BreakGlassView, told: Told) => {
    const { id, state, why, resources } = view
    const fields = { breakGlass: id, resources, ...(state === 'open' && { until: breakGlassAnswer(view).until }) }
    log.warn({ ...fields, ...(why !== undefined && { why }) }, told.title)
    channels?.announce(announcementOf(view, told))
  }
  breakGlass.onChange((view) => say(view, TOLD[view.state]))
  await breakGlass.start()
  const remind = () => {
    for (const view of breakGlass.unreviewed()) say(view, REMINDER)
  }
  remind()
  const daily = setInterval(remind, REMINDED_EVERY).unref()
  signal.addEventListener('abort', () => clearInterval(daily), { once: true })
}

/** What there is to do about it. */
export function breakGlassFinding({ counts }: BreakGlass): Finding {
  const { requested, open, unreviewed } = counts
  const subject = 'break-glass'
  if (requested + open + unreviewed === 0) return { subject, level: 'ok', found: 'is not broken, and nothing awaits review' }
  const found = `${open} are open, ${requested} wait for a second person, ${unreviewed} await review`
  return { subject, level: 'warn', found, next: 'See them with gatescribe breakglass ls; what is closed, another person reviews.' }
}

interface Told {
  readonly event: string
  readonly title: string
  readonly next: (id: string) => string
}

const nothing = (id: string) => `What became of it: gatescribe breakglass show ${id}`
const review = (id: string) => `Look at what was done, then: gatescribe breakglass review ${id} --note "…"`

const TOLD: Readonly<Record<BreakGlassView['state'], Told>> = {
  requested: {
    event: 'breakglass.requested',
    title: 'Break-glass is asked for: a second person is needed',
    next: (id) => `Who and why: gatescribe breakglass show ${id}. Then: gatescribe breakglass confirm ${id}`,
  },
  open: {
    event: 'breakglass.opened',
    title: 'The glass is broken: rules do not hold for one person',
    next: (id) => `End it with: gatescribe breakglass close ${id}`,
  },
  closed: { event: 'breakglass.closed', title: 'Break-glass is over, and awaits review', next: review },
  reviewed: { event: 'breakglass.reviewed', title: 'Break-glass is reviewed', next: nothing },
  denied: { event: 'breakglass.ended', title: 'Break-glass is denied', next: nothing },
  withdrawn: { event: 'breakglass.ended', title: 'Break-glass is not asked for any more', next: nothing },
  expired: { event: 'breakglass.ended', title: 'Break-glass was not confirmed in time', next: nothing },
}

const REMINDER: Told = { event: 'breakglass.unreviewed', title: 'Break-glass still awaits review', next: review }

function announcementOf(view: BreakGlassView, { event, title, next }: Told): Announcement {
  const answer = breakGlassAnswer(view)
  const facts = {
    resources: answer.resources,
    'for whom': [answer.by],
    'confirmed by': answer.confirmedBy,
    until: answer.until,
    'ended by': answer.endedBy,
    because: answer.why,
    'reviewed by': answer.reviewedBy,
  }
  return {
    about: view.id,
    event,
    body: { breakGlass: answer },
    title,
    facts: Object.entries(facts).flatMap(([name, value]) => (value === undefined ? [] : [{ name, values: [value].flat() }])),
    next: next(view.id),
  }
}
