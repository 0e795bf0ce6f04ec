import type { ShownBreakGlass } from '../../breakglass/index.ts'
import type { ShownBreakGlassAnswer } from './break-glass-schemas.ts'

/** As the API says it. */
export function breakGlassAnswer({ openedAt, until, endedAt, reviewedAt, ...view }: ShownBreakGlass): ShownBreakGlassAnswer {
  return {
    ...view,
    resources: [...view.resources],
    requestedAt: moment(view.requestedAt),
    expiresAt: moment(view.expiresAt),
    ...(openedAt !== undefined && { openedAt: moment(openedAt) }),
    ...(until !== undefined && { until: moment(until) }),
    ...(endedAt !== undefined && { endedAt: moment(endedAt) }),
    ...(reviewedAt !== undefined && { reviewedAt: moment(reviewedAt) }),
  }
}

const moment = (at: number) => new Date(at).toISOString()
