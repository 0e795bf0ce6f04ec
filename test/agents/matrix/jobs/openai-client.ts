/** Everything that jobs do with OpenAI's client for Node. Prints what came of it, a line of JSON each, as openai_client.py does. */
import OpenAI, { APIError, PermissionDeniedError } from 'openai'

const client = new OpenAI()
const chat = client.chat.completions
const user = (content: string) => [{ role: 'user' as const, content }]
const say = (said: object) => console.log(JSON.stringify(said))
const parameters = { type: 'object', properties: { sql: { type: 'string' } } }
const model = 'gpt-4o'

const answer = await chat.create({ model, messages: user('hello') })
say({ chat: answer.choices[0]?.message.content, tokens: answer.usage?.total_tokens })

const pieces: string[] = []
let tokens: number | undefined
for await (const chunk of await chat.create({ model, messages: user('hello'), stream: true, stream_options: { include_usage: true } })) {
  for (const { delta } of chunk.choices) if (delta.content) pieces.push(delta.content)
  tokens = chunk.usage?.total_tokens ?? tokens
}
say({ stream: pieces, tokens })
const unasked: unknown[] = []
for await (const chunk of await chat.create({ model, messages: user('hello'), stream: true })) unasked.push(chunk.usage ?? null)
say({ unasked })

const tools = [{ type: 'function' as const, function: { name: 'query', parameters } }]
const called = (await chat.create({ model, messages: user('call'), tools })).choices[0]
const argumentsOf = (calls: readonly object[] = []) => calls.map((call) => (call as { function: { arguments: string } }).function.arguments)
say({ calls: argumentsOf(called?.message.tool_calls), reason: called?.finish_reason })
const streamed = await chat.stream({ model, messages: user('call'), tools }).finalChatCompletion()
say({ streamed_calls: argumentsOf(streamed.choices[0]?.message.tool_calls) })

const { data } = await client.embeddings.create({ model: 'text-embedding-3-small', input: ['one', 'two'] })
say({ embeddings: data.map(({ embedding }) => embedding.map((value) => Math.round(value * 1_000) / 1_000)) })

const response = await client.responses.create({ model, instructions: 'Be brief.', input: 'hello' })
say({ response: response.output_text, tokens: response.usage?.total_tokens })
const final = await client.responses
  .stream({ model, input: 'call', tools: [{ type: 'function', name: 'query', parameters, strict: false }] })
  .finalResponse()
say({ response_calls: final.output.flatMap((item) => (item.type === 'function_call' ? [item.arguments] : [])) })
say({ models: (await client.models.list()).data.map(({ id }) => id) })

say({ retried: (await chat.create({ model, messages: user('later') })).choices[0]?.message.content })
await chat.create({ model, messages: user('wrong') }).catch((error: unknown) => {
  if (!(error instanceof APIError)) throw error
  say({ error: error.constructor.name, status: error.status, message: (error.error as { message: string }).message })
})

const stream = await chat.create({ model, messages: user('long'), stream: true })
for await (const _ of stream) break
say({ left: true })

try {
  await chat.create({ model: 'gpt-secret', messages: user('hello') })
  say({ secret: 'answered' })
} catch (error) {
  if (!(error instanceof PermissionDeniedError)) throw error
  say({ secret: 'denied', code: error.code, message: (error.error as { message: string }).message })
}
