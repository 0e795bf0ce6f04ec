/** A field of an object, with a value: what masks make of it is documented, and shown by a real API server. */
export interface MaskedField {
  /** What covers it. */
  readonly selector: string
  /** Where it is, as the page says it. */
  readonly at: string
  readonly group: string
  readonly resource: string
  /** The object, as it is sent. */
  readonly object: object
  /** The way to the value in the object. */
  readonly path: readonly (string | number)[]
  /** As it stands in the object. */
  readonly value: unknown
}

const TEXT = 'correct horse battery'
const BASE64 = Buffer.from(TEXT).toString('base64')
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
const applied = JSON.stringify({ stringData: { password: TEXT } })

const secret = (more: object) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'secrets' }, ...more })
const widget = (spec: object) => ({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'widgets' }, spec })
const core = (resource: string) => ({ group: '', resource })

export const MASKED_FIELDS: readonly MaskedField[] = [
  {
    ...{ selector: 'secrets', at: 'Secret: `data.*`', ...core('secrets'), path: ['data', 'password'], value: BASE64 },
    object: secret({ data: { password: BASE64 } }),
  },
  {
    ...{
      selector: 'secrets',
      at: 'Secret: what was applied',
      ...core('secrets'),
      path: ['metadata', 'annotations', LAST_APPLIED],
      value: applied,
    },
    object: secret({ metadata: { name: 'secrets', annotations: { [LAST_APPLIED]: applied } } }),
  },
  {
    ...{ selector: 'configmaps', at: 'ConfigMap: `data.*`', ...core('configmaps'), path: ['data', 'app.ini'], value: TEXT },
    object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'configmaps' }, data: { 'app.ini': TEXT } },
  },
  {
    ...{ selector: 'configmaps', at: 'ConfigMap: `binaryData.*`', ...core('configmaps'), path: ['binaryData', 'blob'], value: BASE64 },
    object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'configmaps' }, binaryData: { blob: BASE64 } },
  },
  {
    ...{ selector: 'environment', at: 'Pod: `spec.containers[*].env[*].value`', ...core('pods'), value: TEXT },
    path: ['spec', 'containers', 0, 'env', 0, 'value'],
    object: {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'pods' } },
      spec: { containers: [{ name: 'main', image: 'registry.example/app:1', env: [{ name: 'PASSWORD', value: TEXT }] }] },
    },
  },
  {
    ...{
      selector: 'widgets.example.com:spec.token',
      at: 'a string',
      group: 'example.com',
      resource: 'widgets',
      path: ['spec', 'token'],
      value: TEXT,
    },
    object: widget({ token: TEXT }),
  },
  {
    ...{
      selector: 'widgets.example.com:spec.short',
      at: 'a string of fewer than eight characters',
      group: 'example.com',
      resource: 'widgets',
    },
    ...{ path: ['spec', 'short'], value: 'horse', object: widget({ short: 'horse' }) },
  },
  {
    ...{
      selector: 'widgets.example.com:spec.size',
      at: 'a number',
      group: 'example.com',
      resource: 'widgets',
      path: ['spec', 'size'],
      value: 12,
    },
    object: widget({ size: 12 }),
  },
  {
    ...{
      selector: 'widgets.example.com:spec.on',
      at: 'a truth value',
      group: 'example.com',
      resource: 'widgets',
      path: ['spec', 'on'],
      value: true,
    },
    object: widget({ on: true }),
  },
  {
    ...{
      selector: 'widgets.example.com:spec.auth',
      at: 'an object or a list',
      group: 'example.com',
      resource: 'widgets',
      path: ['spec', 'auth'],
    },
    ...{ value: { users: ['ada.lovelace'], tries: 3 }, object: widget({ auth: { users: ['ada.lovelace'], tries: 3 } }) },
  },
]
