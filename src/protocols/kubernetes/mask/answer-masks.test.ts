import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Mask } from '../../../operations/index.ts'
import { answerMasks, type MaskedRequest } from './answer-masks.ts'

const mask = (fields: readonly string[], more: Partial<Mask> = {}): Mask => ({
  ...{ name: 'm', columns: [], fields, detect: [], patterns: [], as: 'redact', unmaskedWrite: false, predicates: false },
  ...more,
})
const asking = (resource: string, masks: readonly Mask[], more: Partial<MaskedRequest> = {}): MaskedRequest => ({
  ...{ masks, group: '', resource, subresource: '', verb: 'get', key: Buffer.alloc(32, 7) },
  ...more,
})
const JSON_ANSWER = [['Content-Type', 'application/json']] as const

/** What a client gets of an answer, which comes in pieces of this many bytes. */
function shown(
  request: MaskedRequest,
  body: string,
  { status = 200, headers = JSON_ANSWER as readonly (readonly [string, string])[], cut = 7 } = {},
): string {
  const masking = answerMasks(request)?.answer(status, headers).body
  if (masking === undefined) return body
  const bytes = Buffer.from(body)
  const out: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += cut) out.push(Uint8Array.from(masking.push(bytes.subarray(at, at + cut), 0)))
  return Buffer.concat([...out, masking.end()]).toString()
}
const b64 = (text: string) => Buffer.from(text).toString('base64')
const json = (value: unknown) => JSON.stringify(value)

const SECRET = {
  ...{ kind: 'Secret', apiVersion: 'v1' },
  metadata: {
    ...{ name: 'db', namespace: 'shop', uid: '2f0c', resourceVersion: '12' },
    annotations: {
      'kubectl.kubernetes.io/last-applied-configuration': `${json({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db' }, stringData: { password: 'hunter2-canary' } })}\n`,
      'example.com/owner': 'shop',
    },
    managedFields: [{ manager: 'kubectl', operation: 'Update', fieldsV1: { 'f:data': { '.': {}, 'f:password': {} } } }],
  },
  data: { password: b64('hunter2-canary'), user: b64('shop') },
  type: 'Opaque',
}
const HIDDEN = b64('[masked]')

describe('a Secret', () => {
  const secrets = asking('secrets', [mask(['secrets'])])

  it('has its values masked in base64, in what was applied too; everything else is as it was', () => {
    const last = json({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db' }, stringData: { password: '[masked]' } })
    const expected = structuredClone(SECRET)
    expected.data = { password: HIDDEN, user: HIDDEN }
    expected.metadata.annotations['kubectl.kubernetes.io/last-applied-configuration'] = `${last}\n`
    expect(shown(secrets, json(SECRET))).toBe(json(expected))
  })

  it.each([
    ['in a list', { kind: 'SecretList', apiVersion: 'v1', metadata: { resourceVersion: '9' }, items: [SECRET, SECRET] }, {}],
    ['in a list of anything', { kind: 'List', apiVersion: 'v1', items: [SECRET] }, {}],
    ['in a Table', { kind: 'Table', columnDefinitions: [{ name: 'Name' }], rows: [{ cells: ['db', 'Opaque', 2], object: SECRET }] }, {}],
    ['in an event', { type: 'ADDED', object: SECRET }, { verb: 'watch' }],
    ['in a Table in an event', { type: 'ADDED', object: { kind: 'Table', rows: [{ cells: ['db'], object: SECRET }] } }, { verb: 'watch' }],
    ['as what was written', SECRET, { verb: 'patch' }],
    ['as what a deletion answers', { kind: 'SecretList', items: [SECRET] }, { verb: 'deletecollection' }],
  ])('is masked %s', (_, answer, more) => {
    const out = shown({ ...secrets, ...more }, json(answer))
    expect(out).not.toContain('hunter2')
    expect(out).not.toContain(b64('hunter2-canary'))
    expect(out).toContain(HIDDEN)
    expect(out).toContain('"name":"db"')
  })

  it('is masked in each event of a watch, as it comes', () => {
    const masking = answerMasks({ ...secrets, verb: 'watch' })?.answer(200, JSON_ANSWER).body
    const event = `${json({ type: 'MODIFIED', object: SECRET })}\n`
    for (let times = 0; times < 3; times++) {
      const out = Buffer.from(masking?.push(Buffer.from(event), 0) ?? []).toString()
      expect(out.endsWith('}\n')).toBe(true)
      expect(out).not.toContain(b64('hunter2-canary'))
    }
    expect(masking?.counts()).toEqual([['m', 'secrets', 9]])
  })

  it('shows of its metadata what was applied masked, also where there is nothing else', () => {
    const partial = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: SECRET.metadata }
    expect(shown(secrets, json(partial))).not.toContain('hunter2')
  })

  it('keeps what it is not about byte by byte: digits, escapes, order, what is there twice', () => {
    const text = '{ "spec" : 123456789012345678901234567890.10, "a":"\\u00e9\\/", "a":1e5, "data":{"x":"eA==","x":"eQ=="} }\n'
    expect(shown(secrets, text)).toBe(text.replace('"eA=="', `"${HIDDEN}"`).replace('"eQ=="', `"${HIDDEN}"`))
  })

  it.each([
    ['names are written with escapes', '{"d\\u0061ta":{"p":"aHVudGVyMg=="}}', 'aHVudGVyMg'],
    ['a value is no string', '{"data":{"p":1234567,"q":true,"r":["hunter2"],"s":{"t":"hunter2"}}}', /hunter2|1234567|true/],
    ['a value is not in base64', '{"data":{"p":"hunter2!"}}', 'hunter2'],
  ])('is masked where %s', (_, text, canary) => {
    expect(shown(secrets, text)).not.toMatch(canary)
  })

  it.each([
    ['JSON that cannot be read', `{"kind":"Secret","data":"hunter2`],
    ['packed', gzipSync('{"data":"hunter2"}').toString('base64')],
    ['JSON in base64', b64('{"data":{"password":"hunter2"}}')],
  ])('shows nothing of an annotation that is %s', (_, text) => {
    const out = shown(secrets, json({ metadata: { annotations: { 'objectset.rio.cattle.io/applied': text, b: 'c' } } }))
    expect(out).toBe('{"metadata":{"annotations":{"objectset.rio.cattle.io/applied":"[masked]","b":"c"}}}')
  })

  it('says nothing by how much there is to hide in annotations of annotations', () => {
    let object: object = { data: { p: b64('hunter2') } }
    for (let times = 0; times < 6; times++) object = { metadata: { annotations: { a: json(object) } } }
    expect(shown(secrets, json(object))).not.toContain(b64('hunter2'))
  })
})

describe('operators are typed', () => {
  const of = (as: Mask['as'], value: string) => {
    const out = JSON.parse(shown(asking('secrets', [mask(['secrets'], { as })]), json({ data: { p: b64(value) } }))) as {
      data: { p: string | null }
    }
    return out.data.p === null ? null : Buffer.from(out.data.p, 'base64').toString()
  }
  it.each([
    ['redact', '[masked]'],
    ['null', null],
    ['partial', '****2345'],
    ['hash', expect.stringMatching(/^[0-9a-f]{32}$/)],
    [{ fixed: 'hidden' }, 'hidden'],
  ] as const)('%j', (as, expected) => {
    expect(of(as, 'password-12345')).toEqual(expected)
  })

  it('values that are equal have equal hashes, in base64 and as text', () => {
    expect(of('hash', 'same')).toBe(of('hash', 'same'))
    expect(of('hash', 'same')).not.toBe(of('hash', 'other'))
    const text = shown(asking('secrets', [mask(['secrets'], { as: 'hash' })]), json({ stringData: { p: 'same' } }))
    expect(text).toContain(of('hash', 'same'))
  })
})

describe('environment is masked wherever a pod is described', () => {
  const env = [
    { name: 'PASSWORD', value: 'hunter2' },
    { name: 'REF', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
  ]
  const podSpec = {
    containers: [{ name: 'a', image: 'i', env }],
    initContainers: [{ name: 'b', env }],
    ephemeralContainers: [{ name: 'c', env }],
  }
  const template = { metadata: {}, spec: podSpec }
  it.each([
    ['pods', '', { spec: podSpec }],
    ['deployments', 'apps', { spec: { template } }],
    ['cronjobs', 'batch', { spec: { jobTemplate: { spec: { template } } } }],
    ['podtemplates', '', { template }],
    ['controllerrevisions', 'apps', { data: { spec: { template } }, revision: 1 }],
    ['workflows', 'argoproj.io', { spec: { templates: [{ container: { image: 'i', env } }] } }],
  ])('%s', (resource, group, object) => {
    const asked = asking(resource, [mask(['environment'])], { group })
    for (const answer of [object, { items: [object, object] }, { rows: [{ object }] }]) {
      expect(shown(asked, json(answer))).toBe(json(answer).replaceAll('"value":"hunter2"', '"value":"[masked]"'))
    }
  })
})

describe('fields by paths', () => {
  it('of custom resources, of one resource, and of any', () => {
    const object = { spec: { token: 'hunter2', nested: { password: 'hunter2', n: 5 }, list: ['hunter2'] }, status: { token: 'seen' } }
    const widgets = { group: 'example.com' }
    const masked = (...fields: string[]) => shown(asking('widgets', [mask(fields)], widgets), json(object))
    expect(masked('widgets.example.com:spec.token')).toBe(json(object).replace('"token":"hunter2"', '"token":"[masked]"'))
    expect(masked('*:**.password', '*:spec.list[*]')).toContain('"nested":{"password":"[masked]","n":5},"list":["[masked]"]')
    expect(masked('widgets.example.com:spec')).not.toContain('hunter2')
    expect(masked('widgets.example.com:spec')).toContain('"n":null')
    expect(masked('widgets.other.com:spec', 'widgets:spec', 'gadgets.example.com:spec')).toBe(json(object))
  })

  it('the first mask of the configuration decides', () => {
    const masks = [mask(['helm-releases'], { name: 'helm', as: 'null' }), mask(['secrets'], { name: 'rest' })]
    expect(shown(asking('secrets', masks), json({ data: { release: b64('x'), other: b64('y') } }))).toBe(
      `{"data":{"release":null,"other":"${HIDDEN}"}}`,
    )
  })
})

describe('detectors look at every other string', () => {
  const finding = mask([], { name: 'net', detect: ['email', 'ip'] })
  it('and leave what clients send back', () => {
    const object = {
      metadata: { name: 'ada@example.com', continue: 'ada@example.com', labels: { a: 'ada@example.com' } },
      status: { podIP: '10.1.2.3' },
    }
    expect(shown(asking('pods', [finding]), json(object))).toBe(
      '{"metadata":{"name":"ada@example.com","continue":"ada@example.com","labels":{"a":"[email]"}},"status":{"podIP":"[ip]"}}',
    )
  })

  it('in logs, which keep their length, and in what is behind a proxy', () => {
    const log = { headers: [['Content-Type', 'text/plain']] as const }
    expect(shown(asking('pods', [finding], { subresource: 'log' }), 'from ada.lovelace@example.com at 10.1.2.3\n', log)).toBe(
      'from [email]***************** at [ip]****\n',
    )
    expect(shown(asking('pods', [finding], { subresource: 'proxy' }), '{"mail":"ada@example.com"}')).toBe('{"mail":"[email]"}')
    expect(answerMasks(asking('pods', [mask(['secrets'])], { subresource: 'log' }))).toBeUndefined()
  })

  it('and are counted, never with a value', () => {
    const masking = answerMasks(asking('pods', [mask(['environment']), finding]))?.answer(200, JSON_ANSWER).body
    masking?.push(Buffer.from(json({ spec: { containers: [{ env: [{ name: 'A', value: 'x' }] }] }, status: { podIP: '10.1.2.3' } })), 0)
    expect(masking?.counts()).toEqual([
      ['m', 'environment', 1],
      ['net', 'ip', 1],
    ])
  })
})

describe('what is asked for', () => {
  const headers = (accept: string | undefined, request = asking('secrets', [mask(['secrets'])])) => {
    const sent = answerMasks(request)?.requestHeaders([
      ...(accept === undefined ? [] : [['Accept', accept] as const]),
      ['Accept-Encoding', 'gzip'],
      ['If-None-Match', '"a"'],
      ['User-Agent', 'kubectl'],
    ])
    return Object.fromEntries((sent ?? []).map(([name, value]) => [name.toLowerCase(), value]))
  }
  const TABLES = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json'

  it.each([
    [undefined, 'application/json'],
    ['*/*', 'application/json'],
    ['application/vnd.kubernetes.protobuf,application/json', 'application/json'],
    ['application/cbor, application/json;stream=watch', 'application/json;stream=watch'],
    [TABLES, TABLES],
    ['application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1', 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'],
  ])('is JSON, in no encoding: %s', (accept, expected) => {
    expect(headers(accept)).toEqual({ accept: expected, 'accept-encoding': 'identity', 'user-agent': 'kubectl' })
  })

  it.each(['application/vnd.kubernetes.protobuf', 'application/yaml', 'application/cbor', 'application/json;q=0', 'text/html'])(
    'or it is refused: %s',
    (accept) => {
      expect(() => headers(accept)).toThrow(expect.objectContaining({ code: 'GS_K8S_NOT_ACCEPTABLE', status: 406 }))
    },
  )

  it('is no Table where its cells might show what is masked', () => {
    const widgets = asking('widgets', [mask(['widgets.example.com:spec.token'])], { group: 'example.com' })
    expect(headers(TABLES, widgets).accept).toBe('application/json')
    expect(headers(TABLES, asking('nodes', [mask(['nodes:status.addresses'])])).accept).toBe('application/json')
    expect(headers(TABLES, asking('pods', [mask(['environment'])])).accept).toBe(TABLES)
    const table = { kind: 'Table', rows: [{ cells: ['w', 'hunter2'], object: {} }] }
    expect(shown(widgets, json(table))).toBe('{"kind":"Table","rows":[{"cells":["[masked]","[masked]"],"object":{}}]}')
  })

  it('is as it was where no mask is about it', () => {
    expect(answerMasks(asking('pods', [mask(['secrets'])]))).toBeUndefined()
    expect(answerMasks(asking('', [mask(['environment'], { detect: ['email'] })]))).toBeUndefined()
    expect(answerMasks(asking('pods', [mask(['environment'], { detect: ['email'] })], { subresource: 'exec' }))).toBeUndefined()
  })
})

describe('an answer', () => {
  const answer = (status: number, headers: readonly (readonly [string, string])[], verb = 'get') =>
    answerMasks(asking('secrets', [mask(['secrets'])], { verb }))?.answer(status, headers)

  it('loses what is said of its body, and warnings of a write', () => {
    const headers = [...JSON_ANSWER, ['Content-Length', '9'], ['ETag', '"x"'], ['Warning', '299 - "hunter2"'], ['Audit-Id', 'a']] as const
    expect(answer(200, headers)?.headers).toEqual([...JSON_ANSWER, ['Warning', '299 - "hunter2"'], ['Audit-Id', 'a']])
    expect(answer(200, headers, 'patch')?.headers).toEqual([...JSON_ANSWER, ['Audit-Id', 'a']])
  })

  it.each([
    ['protobuf', [['Content-Type', 'application/vnd.kubernetes.protobuf']]],
    ['text', [['Content-Type', 'text/plain']]],
    ['of no type', []],
    ['in gzip', [...JSON_ANSWER, ['Content-Encoding', 'gzip']]],
  ] as const)('is not shown where it is %s', (_, headers) => {
    expect(() => answer(200, headers)).toThrow(expect.objectContaining({ code: 'GS_K8S_ANSWER', status: 502 }))
  })

  it.each(['{"data":{"p":"hunter2"', '{"data":{"p":"x"}}{"data":{}}', 'k8s\0{"data":"hunter2"}'])(
    'ends where it is not JSON: %j',
    (body) => {
      expect(() => shown(asking('secrets', [mask(['secrets'])]), body)).toThrow(expect.objectContaining({ code: 'GS_MASK_NOT_JSON' }))
    },
  )

  it('may be empty', () => {
    expect(answer(204, [])?.body).toBeUndefined()
    expect(shown(asking('secrets', [mask(['secrets'])]), '')).toBe('')
  })
})

describe('an error', () => {
  const status = (more: object) => ({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', ...more })
  const said = (code: number, body: unknown, resource = 'jobs', group = 'batch') =>
    JSON.parse(
      shown(asking(resource, [mask(['environment'])], { group, verb: 'patch' }), typeof body === 'string' ? body : json(body), {
        status: code,
      }),
    ) as {
      message: string
      details: { causes?: { message: string; field: string }[] }
    }

  it('says nothing that may quote a value', () => {
    const message =
      'Job.batch "j" is invalid: spec.template: Invalid value: core.PodTemplateSpec{Env:[]core.EnvVar{Name:"P", Value:"hunter2"}}: field is immutable'
    const causes = [{ reason: 'FieldValueInvalid', message: 'Invalid value: "hunter2"', field: 'spec.template' }]
    const shown = said(422, status({ message, reason: 'Invalid', details: { name: 'j', group: 'batch', kind: 'Job', causes }, code: 422 }))
    expect(json(shown)).not.toContain('hunter2')
    expect(shown).toMatchObject({
      code: 422,
      reason: 'Invalid',
      details: { name: 'j', causes: [{ reason: 'FieldValueInvalid', field: 'spec.template' }] },
    })
    expect(shown.message).toContain('withheld')
  })

  it.each([
    [404, 'NotFound', 'jobs.batch "j" not found'],
    [
      409,
      'Conflict',
      'Operation cannot be fulfilled on jobs.batch "j": the object has been modified; please apply your changes to the latest version and try again',
    ],
    [
      403,
      'Forbidden',
      'jobs.batch "j" is forbidden: User "gatescribe:x:y" cannot patch resource "jobs" in API group "batch" in the namespace "shop"',
    ],
    [410, 'Expired', 'The provided continue parameter is too old'],
  ])('says what no value is in: %i %s', (code, reason, message) => {
    expect(said(code, status({ reason, message, code })).message).toBe(message)
  })

  it.each([
    ['an admission webhook', 403, { reason: 'Forbidden', message: 'admission webhook "x" denied the request: hunter2' }],
    ['an apply that conflicts', 409, { reason: 'Conflict', message: 'Apply failed with 1 conflict: conflict with "hunter2": .spec' }],
    ['an internal error', 500, { reason: 'InternalError', message: 'cannot convert "hunter2"' }],
  ])('is not quoted from %s', (_, code, more) => {
    expect(json(said(code, status({ ...more, code })))).not.toContain('hunter2')
  })

  it.each([
    'hunter2',
    '',
    '{"message":"hunter2"',
    json(['hunter2']),
    json({ reason: 'hunter2 hunter2', message: 5, details: { name: 'hunter2 x', causes: [5] } }),
  ])('in a form of its own shows nothing: %j', (body) => {
    if (body !== '') expect(json(said(500, body))).not.toContain('hunter2')
    else expect(shown(asking('secrets', [mask(['secrets'])]), '', { status: 500 })).toBe('')
  })
})

it('asks for logs and for what is behind a proxy as a whole, as half of what is looked for is not found', () => {
  const detecting = [mask([], { detect: ['card'] })]
  for (const subresource of ['log', 'proxy']) {
    const sent = answerMasks(asking('pods', detecting, { subresource }))?.requestHeaders([
      ['Range', 'bytes=0-7'],
      ['If-Range', '"a"'],
    ])
    expect(sent).toEqual([['Accept-Encoding', 'identity']])
  }
})
