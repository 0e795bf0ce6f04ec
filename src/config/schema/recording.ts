import { z } from 'zod'
import { complaint, count, flag, name, sizeOf } from './values.ts'

export const recording = z
  .strictObject({
    strict: flag.optional().meta({ description: 'Nothing is shown before it is recorded durably; default false: at most a second later' }),
    cap: z
      .strictObject({
        rows: count.optional().meta({ description: 'Rows of one result; default 1000' }),
        bytes: sizeOf.optional().meta({ description: 'Bytes of one result, 1MiB at most; default 1MiB' }),
      })
      .optional()
      .meta({ description: 'What is kept of one result; the rest is counted and digested' }),
    stdin: flag.optional().meta({
      description: 'What clients send to commands in pods (exec, attach) is kept; default true. false: it is counted and digested',
    }),
    resources: z
      .array(name, { error: complaint('This must be a list.', 'Write for example [orders-db], or [] to record nothing.') })
      .optional()
      .meta({ description: 'Whose sessions are recorded; default all, an empty list none' }),
  })
  .meta({ description: 'What clients were shown, kept to be looked at later; by default all of it is recorded' })
