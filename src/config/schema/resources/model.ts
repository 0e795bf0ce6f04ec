import { z } from 'zod'
import { covering } from '../../covered-classes.ts'
import { complaint, httpAddress, name, secret, several, via } from '../values.ts'
import { bothOrNeither, coveredOf, credentialsOf, exactlyOne } from './credentials.ts'
import { httpHosts, httpTls, intercept, openings, WAYS } from './http.ts'
import { jobVariables } from './job-variables.ts'

const credential = z
  .strictObject({
    as: name.meta({ description: 'What the trail calls it' }),
    for: coveredOf(covering('model'), 'model', 'model.call'),
    apiKey: secret.optional().meta({
      description: 'Sent where the API expects its key: Authorization of openai, x-api-key of anthropic, api-key of azure-openai',
    }),
    ...openings,
  })
  .refine(...bothOrNeither)
  .refine(...exactlyOne(['apiKey', ...WAYS]))

const amount = z
  .number({ error: complaint('This must be a number of 0 or more.', 'Write for example 2.5.') })
  .min(0, { error: complaint('This must be a number of 0 or more.', 'Write for example 2.5.') })
  .max(1_000_000, { error: complaint('This price is too large.', 'Write for example 2.5.') })

const price = z.strictObject({
  input: amount.meta({ description: 'What so many tokens of input cost' }),
  output: amount.meta({ description: 'What so many tokens of answers cost' }),
  cachedInput: amount.optional().meta({ description: 'Of input that the provider had kept; default: as input' }),
  per: z
    .int({ error: complaint('This must be a number of tokens.', 'Write for example per: 1000000.') })
    .min(1, { error: complaint('This must be a number of tokens.', 'Write for example per: 1000000.') })
    .max(1_000_000_000, { error: complaint('These are too many tokens.', 'Write for example per: 1000000.') })
    .meta({ description: 'How many tokens the prices are for' }),
  currency: z
    .string({ error: complaint('This must be a currency.', 'Write for example currency: USD.') })
    .regex(/^[A-Z]{3}$/, { error: complaint('This must be a currency of ISO 4217.', 'Write for example currency: USD.') })
    .meta({ description: 'ISO 4217', examples: ['USD'] }),
})

const modelName = z.string().regex(/^[^\p{Cc}]{1,128}$/u, {
  error: complaint('This must be the name of a model.', 'Write it as requests have it, for example gpt-4o-mini.'),
})

export const modelResource = z
  .strictObject({
    name,
    kind: z.literal('model'),
    api: z
      .enum(['openai', 'anthropic', 'azure-openai'], {
        error: complaint('This must be openai, anthropic or azure-openai.', 'Write api: openai for everything that speaks like it.'),
      })
      .meta({ description: 'What is spoken there: openai is also vLLM, Ollama and all that speak like it' }),
    address: httpAddress.meta({ description: 'With the path that the SDK\u2019s base URL has: https://api.openai.com/v1' }),
    via: via.optional(),
    hosts: httpHosts,
    intercept,
    tls: httpTls.optional(),
    credentials: credentialsOf(credential, '{ as: key, apiKey: "secret:openai" }'),
    usage: z
      .enum(['ask', 'estimate'], { error: complaint('This must be ask or estimate.', 'Leave it out, or write usage: estimate.') })
      .optional()
      .meta({ description: 'Whether streamed answers are asked for what they used (default), or that is estimated' }),
    prices: z
      .record(modelName, price, {
        error: complaint(
          'This must map models to their prices.',
          'Write for example gpt-4o: { input: 2.5, output: 10, per: 1000000, currency: USD }.',
        ),
      })
      .optional()
      .meta({ description: 'By the name of the model; one without a price is refused where a budget of money counts it' }),
    env: jobVariables.optional(),
    tags: several(name, 'prod').optional(),
  })
  .meta({ description: 'A model\u2019s API' })
