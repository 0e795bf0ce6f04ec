import type { Json } from '../../../operations/index.ts'
import type { Exchange, UpstreamAnswer } from '../../http/index.ts'
import { channelOf } from '../request/index.ts'
import type { Asked } from './asked.ts'

/** Metadata alone, where the server can: the rest is nobody's business here. */
const ACCEPT = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json'

/** Metadata is small, but for what managers leave in it; bytes. */
const LONGEST = 2 * 1024 * 1024

const CHANGES: ReadonlySet<string> = new Set(['update', 'patch', 'delete'])

/**
 * Which object it is, and in which state, that a person is asked about: what is changed or removed, or the pod that something runs in. Of the
 * latter only which one: its state is not what is approved.
 *
 * @returns undefined where it is about no object that is there, or whoever asks may not read it
 * @throws CodedError where the API server cannot be reached; the signal's reason
 */
export async function objectVersion(exchange: Exchange, asked: Asked): Promise<Readonly<Record<string, string>> | undefined> {
  const { request, identity } = asked
  const path = objectPath(asked)
  if (path === undefined) return undefined
  const target = await exchange.target()
  const headers = [
    ['Accept', ACCEPT],
    ['Accept-Encoding', 'identity'],
    ['User-Agent', 'gatescribe (before asking a person)'],
  ] as const
  const answer = await target.request({ method: 'GET', path, headers, ...(identity && { impersonate: identity }) }, exchange.signal)
  const metadata = answer.status === 200 ? metadataOf(await bodyOf(answer)) : undefined
  answer.body.destroy()
  if (!metadata) return undefined
  const { uid, resourceVersion } = metadata
  return {
    ...(typeof uid === 'string' && { uid }),
    ...(request.channel === '' && typeof resourceVersion === 'string' && { resourceVersion }),
  }
}

/** Where the object is that it is about; undefined where it is about none, or about many. */
function objectPath({ request }: Asked): string | undefined {
  const { info, path, channel, proxied } = request
  if (!info.isResource || info.verbInPath || info.name === '' || proxied || info.rest.length > 0) return undefined
  const evicts = channelOf(info) === 'pods/eviction'
  if (channel === '' && !evicts && !CHANGES.has(info.verb)) return undefined
  return info.subresource === '' ? path : path.slice(0, path.lastIndexOf('/'))
}

async function bodyOf({ body }: UpstreamAnswer): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    chunks.push(chunk as Buffer)
    size += (chunk as Buffer).length
    if (size > LONGEST) return ''
  }
  return Buffer.concat(chunks).toString()
}

function metadataOf(text: string): { readonly [name: string]: Json } | undefined {
  try {
    const { metadata } = JSON.parse(text) as { readonly metadata?: { readonly [name: string]: Json } }
    return metadata
  } catch {
    return undefined
  }
}
