import { z } from 'zod'
import { isReservedVariable } from '../../../operations/index.ts'
import { complaint } from '../values.ts'

const variable = z
  .string({ error: complaint('This must be the name of a variable.', 'Write for example TICKETS_MCP_URL.') })
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, {
    error: complaint('This must be the name of a variable: letters, digits and "_".', 'Write for example TICKETS_MCP_URL.'),
  })
  .refine((value) => !isReservedVariable(value), {
    error: complaint('This variable means something else to a job.', 'Choose a name of its own, for example TICKETS_MCP_URL.'),
  })

export const jobVariables = z
  .strictObject({
    url: variable.optional().meta({ description: 'Holds the URL that stands for its address' }),
    token: variable.optional().meta({ description: 'Holds what opens it, for the time of the run' }),
  })
  .refine(({ url, token }) => (url !== undefined || token !== undefined) && url !== token, {
    error: complaint(
      'This must name one variable or two that differ.',
      'Write for example env: { url: TICKETS_MCP_URL, token: TICKETS_MCP_TOKEN }.',
    ),
  })
  .meta({ description: 'Variables under which gatescribe run tells a job of it' })
