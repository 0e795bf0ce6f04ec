import type { z } from 'zod'
import { GatewayAnswer, LocalError } from './errors.ts'
import { problemSchema } from './schemas.ts'
import type { LocalRequest, LocalResponse, Transport } from './transport.ts'

/** Requests whose answer is one JSON value. All throw what the gateway refused as GatewayAnswer, and LocalError where it did not answer. */
export function jsonRequests(send: Transport) {
  return {
    get: async <T>(path: string, schema: z.ZodType<T>) => readJson(await ask(send, { method: 'GET', path }), schema),
    act: async (method: 'POST' | 'DELETE', path: string) => void (await collect(await ask(send, { method, path }))),
    async post<T>(path: string, asked: object, schema: z.ZodType<T>) {
      const body = Buffer.from(JSON.stringify(asked))
      return readJson(await ask(send, { method: 'POST', path, body, type: 'application/json' }), schema)
    },
  }
}

export async function ask(send: Transport, request: LocalRequest): Promise<LocalResponse> {
  const response = await send(request)
  if (response.status < 400) return response
  throw answerOf(await readJson(response, problemSchema))
}

export function answerOf({ code, message, next }: z.output<typeof problemSchema>): GatewayAnswer {
  return new GatewayAnswer(code, message, next)
}

export async function readJson<T>(response: LocalResponse, schema: z.ZodType<T>): Promise<T> {
  return parse(await collect(response), schema)
}

export async function collect({ body }: LocalResponse): Promise<string> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of body) chunks.push(Buffer.from(chunk))
  } catch (error) {
    throw new LocalError('GS_LOCAL_INTERRUPTED', undefined, { cause: error })
  }
  return Buffer.concat(chunks).toString('utf8')
}

export function parse<T>(text: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(text))
  } catch (error) {
    throw new LocalError('GS_LOCAL_BAD_REQUEST', 'The answer does not have the form that this command expects.', { cause: error })
  }
}
