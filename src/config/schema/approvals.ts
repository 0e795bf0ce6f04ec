import { z } from 'zod'
import { complaint, duration } from './values.ts'

export const approvals = z
  .strictObject({
    hold: z
      .strictObject({
        postgres: duration.optional().meta({ description: 'How long a PostgreSQL connection waits for an answer; default 45s' }),
      })
      .optional()
      .meta({ description: 'How long whoever asks waits before it is told to come back' }),
    unlinkedLauncher: z
      .enum(['refuse', 'extra'], { error: complaint('This must be refuse or extra.', 'Write for example unlinkedLauncher: refuse.') })
      .optional()
      .meta({
        description: 'Whether somebody may approve of whom it is not known that they did not start the run: no, or with one person more',
      }),
  })
  .meta({ description: 'How people are asked' })
