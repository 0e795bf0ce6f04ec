import { z } from 'zod'
import { approvals } from './approvals.ts'
import { breakGlass } from './break-glass.ts'
import { budget } from './budgets.ts'
import { connector } from './connectors.ts'
import { trailExport } from './exports.ts'
import { gateway } from './gateway.ts'
import { issuer } from './issuers.ts'
import { limits } from './limits.ts'
import { mask, masking } from './masks.ts'
import { metrics } from './metrics.ts'
import { recording } from './recording.ts'
import { resource } from './resources/index.ts'
import { roles } from './roles.ts'
import { rule } from './rules.ts'
import { trail } from './trail.ts'
import { complaint } from './values.ts'

const list = (what: string) => ({ error: complaint('This must be a list.', `Write one entry per ${what}, each starting with "- name:".`) })

/** The file as written. `build` makes a `Config` of it. */
export const document = z
  .strictObject(
    {
      gateway,
      issuers: z.array(issuer, list('issuer')),
      resources: z.array(resource, list('resource')),
      roles: roles.optional(),
      rules: z.array(rule, list('rule')),
      budgets: z.array(budget, list('budget')).optional(),
      approvals: approvals.optional(),
      breakGlass: breakGlass.optional(),
      limits: limits.optional(),
      masks: z.array(mask, list('mask')).optional(),
      masking: masking.optional(),
      recording: recording.optional(),
      trail: trail.optional(),
      connectors: z
        .array(connector, list('connector'))
        .max(256, { error: complaint('These are more names of connectors than 256.', 'Leave some of them out.') })
        .optional(),
      metrics: metrics.optional(),
      exports: z
        .array(trailExport, list('export'))
        .max(16, { error: complaint('These are more exports than 16.', 'Leave some of them out.') })
        .optional(),
    },
    { error: complaint('The configuration must be a map.', 'Start with gateway:, issuers:, resources: and rules:.') },
  )
  .meta({ title: 'Gatescribe configuration' })

export type Document = z.output<typeof document>
