import { z } from 'zod'
import { notEmpty } from './selectors.ts'
import { complaint, duration, flag, secret, secretHeaders, url } from './values.ts'

const otlp = z
  .strictObject({
    url: url.meta({ description: 'Where they are sent, with its path: https://collector.example.org/v1/metrics' }),
    every: duration.optional().meta({ description: 'How often; from 1s to 1h, default 15s' }),
    headers: secretHeaders.optional(),
    insecureLoopback: flag.optional().meta({ description: 'Accepts http on this machine; for tests, or a collector beside it' }),
  })
  .meta({ description: 'Sends the same to a collector: OTLP over HTTP' })

export const metrics = z
  .strictObject({
    token: secret
      .optional()
      .meta({ description: 'What a scrape must bring as Authorization: Bearer; required where the door is not on loopback' }),
    otlp: otlp.optional(),
  })
  .refine(notEmpty, { error: complaint('This says nothing.', 'Give it token or otlp, or leave it out.') })
  .meta({ description: 'What the gateway tells of itself in numbers' })
