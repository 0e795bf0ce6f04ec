/** Everything that jobs do with Anthropic's client for Node. Prints what came of it, a line of JSON each. */
import Anthropic from '@anthropic-ai/sdk'

const client = new Anthropic()
const say = (said: object) => console.log(JSON.stringify(said))
const ask = (content: string, model = 'claude-opus-5') => ({ model, max_tokens: 400, messages: [{ role: 'user' as const, content }] })
const tools = [{ name: 'query', input_schema: { type: 'object' as const, properties: { sql: { type: 'string' } } } }]

const whole = await client.messages.create({ ...ask('hello'), system: 'Be brief.' })
say({ message: whole.content, usage: [whole.usage.input_tokens, whole.usage.output_tokens] })
const pieces: string[] = []
const streaming = client.messages.stream(ask('hello')).on('text', (text) => pieces.push(text))
const streamed = await streaming.finalMessage()
say({ stream: pieces, usage: [streamed.usage.input_tokens, streamed.usage.output_tokens] })
say({ calls: (await client.messages.create({ ...ask('call'), tools })).content })
say({ streamed_calls: (await client.messages.stream({ ...ask('call'), tools }).finalMessage()).content })
say({ tokens: await client.messages.countTokens(ask('hello')) })
say({ models: (await client.models.list()).data.map(({ id }) => id) })
say({ retried: (await client.messages.create(ask('later'))).content })
await client.messages.create(ask('wrong')).catch((error: unknown) => {
  if (!(error instanceof Anthropic.APIError)) throw error
  say({ error: error.constructor.name, status: error.status, type: error.type })
})
for await (const _ of await client.messages.create({ ...ask('long'), stream: true })) break
say({ left: true })
try {
  await client.messages.create(ask('hello', 'claude-secret'))
  say({ secret: 'answered' })
} catch (error) {
  if (!(error instanceof Anthropic.PermissionDeniedError)) throw error
  say({ secret: 'denied', message: error.message })
}
