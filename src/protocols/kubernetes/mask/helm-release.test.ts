import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { maskRelease } from './helm-release.ts'

const b64 = (bytes: string | Uint8Array) => Buffer.from(bytes).toString('base64')
const RELEASE = {
  ...{ name: 'shop', namespace: 'prod', version: 3, labels: { team: 'shop' } },
  info: { status: 'failed', first_deployed: '2026-01-02T03:04:05Z', description: 'failed: Invalid value: "hunter2"', notes: 'hunter2' },
  chart: {
    metadata: { name: 'shop', version: '1.2.3', appVersion: '4' },
    values: { password: 'hunter2', replicas: 3, deep: [{ token: 'hunter2' }] },
    templates: [{ name: 'templates/secret.yaml', data: b64('hunter2') }],
    schema: b64('{"default":"hunter2"}'),
  },
  config: { password: 'hunter2', on: true },
  manifest: 'stringData:\n  password: hunter2\n',
  hooks: [{ name: 'h', kind: 'Job', path: 'p', manifest: 'hunter2', events: ['pre-install'], weight: 5 }],
  extra: 'hunter2',
}
const stored = (release: object, wrapped = true) => {
  const text = b64(gzipSync(JSON.stringify(release)))
  return wrapped ? b64(text) : text
}
const read = (text: string | undefined, wrapped = true) =>
  JSON.parse(
    gunzipSync(Buffer.from(wrapped ? Buffer.from(text ?? '', 'base64').toString() : (text ?? ''), 'base64')).toString(),
  ) as typeof RELEASE

describe('a release of Helm', () => {
  it('says which one it is and how it does, and nothing of what it was made of', () => {
    for (const wrapped of [true, false]) {
      const shown = read(maskRelease(stored(RELEASE, wrapped), wrapped, 'redact', undefined), wrapped)
      expect(JSON.stringify(shown)).not.toMatch(/hunter2|aHVudGVyMg/)
      expect(shown).toMatchObject({
        ...{ name: 'shop', namespace: 'prod', version: 3, labels: { team: 'shop' }, manifest: '[masked]', extra: '[masked]' },
        info: { status: 'failed', first_deployed: '2026-01-02T03:04:05Z', description: '[masked]', notes: '[masked]' },
        chart: {
          metadata: RELEASE.chart.metadata,
          values: { password: '[masked]', replicas: null, deep: [{ token: '[masked]' }] },
          templates: [{ name: 'templates/secret.yaml', data: b64('[masked]') }],
          schema: b64('[masked]'),
        },
        config: { password: '[masked]', on: null },
        hooks: [{ name: 'h', kind: 'Job', path: 'p', manifest: '[masked]', events: ['pre-install'], weight: 5 }],
      })
    }
  })

  it.each([
    ['no base64', 'hunter2 !'],
    ['no JSON', b64(b64(gzipSync('hunter2')))],
    ['cut', stored(RELEASE).slice(0, 80)],
    ['JSON that ends too soon', b64(b64(gzipSync('{"name":"hunter2"')))],
    ['more than can be looked at', b64(b64(gzipSync(`{"a":"${'b'.repeat(5_000_000)}"}`)))],
    ['nothing', ''],
  ])('is not shown where it is %s', (_, text) => {
    expect(maskRelease(text, true, 'redact', undefined)).toBeUndefined()
  })
})
