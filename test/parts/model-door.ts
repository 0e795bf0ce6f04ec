import { request as httpRequest, type RequestListener } from 'node:http'
import Anthropic from '@anthropic-ai/sdk'
import OpenAI, { AzureOpenAI } from 'openai'
import { Agent, fetch as undiciFetch } from 'undici'
import { IdentityError } from '../../src/identity/index.ts'
import type { ModelApi, ModelResource, Price, Run } from '../../src/operations/index.ts'
import { createModelPlane, type ModelPlaneOptions } from '../../src/protocols/model/index.ts'
import { doorBeforeRealTarget, type Governing, type OpenDoor } from './https-door.ts'
import { type ModelServer, type Script, startModelServer } from './model-server.ts'

export const MODEL_CREDENTIAL = 'gs_model_0123456789abcdefghjk'

const run = {
  id: 'run_of_this_test',
  principal: { kind: 'job', issuer: 'ci', subject: 's', groups: [] },
  facts: {},
  startedAt: 0,
} as const satisfies Run

export interface ModelDoor extends OpenDoor {
  readonly provider: ModelServer
  readonly openai: OpenAI
  readonly anthropic: Anthropic
  readonly azure: AzureOpenAI
  /** `https://localhost:port/r/model`. */
  readonly url: string
  /** That trusts the door. */
  readonly fetch: typeof undiciFetch
}

export interface ModelDoorOptions extends Governing, ModelPlaneOptions {
  readonly api?: ModelApi
  readonly usage?: ModelResource['usage']
  readonly prices?: Readonly<Record<string, Price>>
  /** Instead of the scripted provider. */
  readonly listener?: RequestListener
  readonly maxRetries?: number
  /** ms. */
  readonly timeout?: number
}

/** A door before a scripted provider of models, and the providers' own clients before it, for one test file. */
export function doorBeforeModel() {
  const parts = doorBeforeRealTarget()

  async function open(script: Script, options: ModelDoorOptions = {}): Promise<ModelDoor> {
    const { api = 'openai', usage = 'ask', prices = {}, maxRetries = 0, timeout = 30_000, listener, ...governing } = options
    const provider = await startModelServer(script)
    parts.closing.push(() => provider.close())
    const basePath = api === 'openai' ? '/v1' : ''
    const resource: ModelResource = {
      ...{ name: 'model', kind: 'model', host: '127.0.0.1', port: provider.port, hosts: [], basePath, tags: [] },
      ...{ api, usage, prices: new Map(Object.entries(prices)) },
    }
    const name = api === 'openai' ? 'authorization' : api === 'anthropic' ? 'x-api-key' : 'api-key'
    const opened = await parts.open(
      listener ?? passingTo(provider),
      { credential: { header: { name, value: api === 'openai' ? `Bearer ${provider.key}` : provider.key } }, basePath, ...governing },
      {
        authenticators: {
          model: {
            runOf: async (credential) => {
              if (credential === MODEL_CREDENTIAL) return run
              throw new IdentityError(credential.startsWith('gs_') ? 'GS_IDENTITY_CREDENTIAL_UNKNOWN' : 'GS_IDENTITY_CREDENTIAL_FOREIGN')
            },
          },
        },
        route: ({ path }) => (/^\/r\/model(\/|$)/.test(path) ? { resource, prefix: '/r/model' } : undefined),
        planes: { model: createModelPlane(options), http: createModelPlane(options) },
      },
    )
    const url = `https://localhost:${opened.port}/r/model`
    const agent = new Agent({ connect: { ca: parts.ca(), host: '127.0.0.1', servername: 'localhost' } })
    parts.closing.push(() => agent.destroy())
    const fetch = ((input: string, init: object) => undiciFetch(input, { ...init, dispatcher: agent })) as typeof undiciFetch
    const client = { fetch: fetch as unknown as typeof globalThis.fetch, maxRetries, timeout }
    return {
      ...opened,
      ...{ provider, url, fetch },
      openai: new OpenAI({ baseURL: url, apiKey: MODEL_CREDENTIAL, ...client }),
      anthropic: new Anthropic({ baseURL: url, apiKey: MODEL_CREDENTIAL, ...client }),
      azure: new AzureOpenAI({ endpoint: url, apiKey: MODEL_CREDENTIAL, apiVersion: '2024-10-21', ...client }),
    }
  }
  return { ...parts, open }
}

/** Hands on what comes to a server on another port, as it comes. */
function passingTo({ port }: ModelServer): RequestListener {
  return (incoming, response) => {
    const { method, url, headers } = incoming
    const sent = httpRequest({ host: '127.0.0.1', port, method, path: url, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      response.flushHeaders()
      answer.on('data', (chunk: Buffer) => response.write(chunk))
      answer.on('end', () => response.end())
      answer.on('error', () => response.destroy())
      answer.on('aborted', () => response.destroy())
    })
    sent.on('error', () => response.destroy())
    response.on('close', () => sent.destroy())
    incoming.pipe(sent)
  }
}
