import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KubernetesError } from '../errors.ts'
import { factsOf, readTarget } from './read-request.ts'

/**
 * How Go and k8s.io/apiserver read a request line, written as plainly as their sources say it and without refusing anything: a second reading, to
 * hold against ours. Undefined: they answer 400 by themselves.
 */
function goReads(method: string, target: string) {
  const mark = target.indexOf('?')
  const path = percentDecoded(mark < 0 ? target : target.slice(0, mark), false)
  if (path === undefined || method === '') return undefined
  const query = new Map<string, string[]>()
  for (const pair of (mark < 0 ? '' : target.slice(mark + 1)).split('&')) {
    if (pair === '' || pair.includes(';')) continue
    const [key, value] = pair.includes('=') ? [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] : [pair, '']
    const [name, text] = [percentDecoded(key, true), percentDecoded(value, true)]
    if (name === undefined || text === undefined) continue
    query.set(name, [...(query.get(name) ?? []), text])
  }
  const trimmed = path.replace(/^\/+|\/+$/g, '')
  let parts = trimmed === '' ? [] : trimmed.split('/')
  const none = { verb: method.toLowerCase(), path, query }
  if (parts.length < 3 || (parts[0] !== 'api' && parts[0] !== 'apis')) return none
  let group = ''
  if (parts[0] === 'apis') {
    if (parts.length < 4) return none
    group = parts[1] as string
    parts = parts.slice(1)
  }
  const version = parts[1] as string
  parts = parts.slice(2)
  const verbs: Record<string, string> = { POST: 'create', GET: 'get', HEAD: 'get', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }
  let verb = verbs[method] ?? ''
  if (parts[0] === 'proxy' || parts[0] === 'watch') {
    if (parts.length < 2) return undefined
    verb = parts[0]
    parts = parts.slice(1)
  }
  let namespace = ''
  if (parts[0] === 'namespaces' && parts.length > 1) {
    namespace = parts[1] as string
    if (parts.length > 2 && parts[2] !== 'status' && parts[2] !== 'finalize') parts = parts.slice(2)
  }
  const resource = parts[0] ?? ''
  let name = parts[1] ?? ''
  const subresource = verb === 'proxy' ? '' : (parts[2] ?? '')
  if (name === '' && verb === 'get') {
    const [watch] = query.get('watch') ?? []
    verb = watch === undefined || watch === '0' || /^false$/iu.test(Buffer.from(watch, 'latin1').toString()) ? 'list' : 'watch'
    const [selector = ''] = query.get('fieldSelector') ?? []
    const [, exact] = /^metadata\.name==?([a-z]+)$/.exec(selector) ?? []
    name = exact ?? ''
  }
  if (name === '' && verb === 'delete') verb = 'deletecollection'
  return { verb, path, query, group, version, namespace, resource, subresource, name }
}

/** Bytes as latin1. */
function percentDecoded(text: string, plus: boolean): string | undefined {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return undefined
  return (plus ? text.replaceAll('+', ' ') : text).replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

const segment = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      'api',
      'apis',
      'v1',
      'apps',
      'namespaces',
      'pods',
      'x',
      'y',
      'exec',
      'log',
      'proxy',
      'watch',
      'status',
      'finalize',
      'nodes',
      'services',
      'secrets',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      '.',
      '..',
      '%2e',
      '%2F',
      '%70ods',
      'Pods',
      'a;b',
      '%00',
      'system:node',
      'system%3Anode',
      'pods%2Fexec',
      '%C3%A9',
      'a%20b',
    ),
  },
)
const path = fc.oneof(
  fc.array(segment, { maxLength: 9 }),
  fc.array(segment, { maxLength: 6 }).map((rest) => ['api', 'v1', ...rest]),
  fc.array(segment, { maxLength: 6 }).map((rest) => ['apis', 'apps', 'v1', ...rest]),
)
const parameter = fc.oneof(
  fc.constantFrom(
    'watch',
    'watch=',
    'watch=1',
    'watch=0',
    'watch=FALSE',
    'watch=fal%C5%BFe',
    'Watch=1',
    'fieldSelector=metadata.name%3Dy',
    'fieldSelector=metadata.name==z',
  ),
  fc.constantFrom(
    'command=id',
    'command=a+b',
    'command=%3B',
    'dryRun=All',
    'limit=5',
    '',
    'a;watch=1',
    '%77atch=1',
    'watch=%',
    'container=c',
    'labelSelector=a%3Db',
  ),
)
const target = fc
  .tuple(path, fc.array(parameter, { maxLength: 4 }))
  .map(([segments, parameters]) => `/${segments.join('/')}${parameters.length > 0 ? `?${parameters.join('&')}` : ''}`)
const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS')

function read(verb: string, line: string) {
  const mark = line.indexOf('?')
  const [rawPath, rawQuery] = mark < 0 ? [line, undefined] : [line.slice(0, mark), line.slice(mark + 1)]
  try {
    return readTarget({ method: verb, rawPath, rawQuery, headers: [], upgrade: false })
  } catch (error) {
    if (error instanceof KubernetesError) return undefined
    throw error
  }
}

const bytes = (text: string) => Buffer.from(text).toString('latin1')

describe('whatever is forwarded', () => {
  it('is to the API server what the facts say, before and after it was made canonical; and that does not change a second time', () => {
    let [read1, all] = [0, 0]
    fc.assert(
      fc.property(method, target, (verb, line) => {
        all++
        const request = read(verb, line)
        if (!request) return
        read1++
        const before = goReads(verb, line)
        const after = goReads(verb, request.target)
        // A slash at the end of discovery is the one thing that goes.
        expect({ ...after, path: '' }).toEqual({ ...before, path: '' })
        expect(after?.path).toBe(before?.path === '/' ? '/' : request.proxied ? before?.path : before?.path.replace(/\/$/, ''))
        const { info } = request
        const { verb: kubeVerb, group, version, namespace, resource, subresource, name } = info
        const ours = info.isResource ? { verb: kubeVerb, group, version, namespace, resource, subresource, name } : { verb: kubeVerb }
        const { path: _, query, ...theirs } = after as NonNullable<typeof after>
        expect(ours).toEqual(theirs)
        for (const [key, values] of query) expect(request.values.get(key)?.map(bytes)).toEqual(values)
        expect(read(verb, request.target)?.target).toBe(request.target)
      }),
      { numRuns: 6_000 },
    )
    // It can fail: enough of what is tried gets that far.
    expect(read1 / all).toBeGreaterThan(0.2)
  })

  it('differs in its facts wherever it differs for the API server', () => {
    const seen = new Map<string, string>()
    let pairs = 0
    fc.assert(
      fc.property(method, target, (verb, line) => {
        const request = read(verb, line)
        if (!request) return
        const go = goReads(verb, line) as NonNullable<ReturnType<typeof goReads>>
        // What is passed on behind a proxy, and methods that mean the same verb, are told by the request, not by facts.
        const theirs = JSON.stringify([{ ...go, path: '', query: undefined }, (go.query.get('command') ?? []).map(bytes)])
        const { effects, k8s } = factsOf(request, 'none')
        const { verb: factual, ...rest } = k8s as NonNullable<typeof k8s>
        const key = JSON.stringify([
          effects,
          factual,
          { ...rest, command: [] },
          request.channel === '' ? (go.query.get('command') ?? []).map(bytes) : rest.command,
          request.info,
        ])
        const before = seen.get(key)
        if (before !== undefined && before === theirs) pairs++
        if (before !== undefined) expect(theirs).toBe(before)
        seen.set(key, theirs)
      }),
      { numRuns: 6_000 },
    )
    expect(pairs).toBeGreaterThan(100)
  })
})

it('never does anything but read or refuse', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }).map((raw) => Buffer.from(raw).toString('latin1')),
      fc.string(),
      (a, b) => {
        read('GET', `/${a}`)
        read('GET', `/${b}`)
        read(b, `/api/v1/namespaces/${encodeURIComponent(b)}/pods?${b}`)
      },
    ),
    { numRuns: 3000 },
  )
})

it('refuses or reads every piece of a request, cut anywhere', () => {
  const whole = '/apis/apps/v1/namespaces/x/deployments/y/scale?dryRun=All&fieldManager=m%C3%A9&fieldValidation=Strict'
  for (let at = 1; at <= whole.length; at++) read('PATCH', whole.slice(0, at))
  expect(read('PATCH', whole)?.info.subresource).toBe('scale')
})
