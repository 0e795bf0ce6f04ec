import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fieldShownAs, maskOf, valueAt } from '../../../tools/masks-page.ts'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../../parts/kubernetes-binaries.ts'
import { type RunningCluster, startCluster } from '../../parts/kubernetes-cluster.ts'
import { MASKED_FIELDS } from '../../parts/masked-fields.ts'
import { FIXED } from '../../parts/masked-types.ts'
import { needs } from '../../parts/require.ts'
import { askMasked, KEY } from './masks-alone.ts'
import { serveWidgets } from './world.ts'

const NAMESPACE = 'operators'
const OPERATORS = ['redact', 'null', 'partial', 'hash', { fixed: FIXED }] as const

let cluster: RunningCluster

beforeEach((test) => needs(test, kubernetesBinaries(), KUBERNETES_PARTS))
beforeAll(async () => {
  if (!kubernetesBinaries()) return
  cluster = await startCluster()
  await cluster.namespace(NAMESPACE)
  await serveWidgets(cluster)
})
afterAll(() => cluster?.stop())

describe.each(MASKED_FIELDS)('$at, covered by $selector', (field) => {
  const { group, resource, object, path, value } = field
  const list = `/${group === '' ? 'api' : `apis/${group}`}/v1/namespaces/${NAMESPACE}/${resource}`

  it('is what the page says, in an object and in a list, whatever the operator', async () => {
    const made = await cluster.request('POST', list, object)
    expect(made.status, made.text).toBe(201)
    const { name } = made.json.metadata
    for (const as of OPERATORS) {
      const expected = fieldShownAs(field, as, KEY)
      const ask = async (at: string) => JSON.parse((await askMasked(cluster, [maskOf(field, as)], { method: 'GET', path: at })).body)
      expect(valueAt(await ask(`${list}/${name}`), path), JSON.stringify(as)).toEqual(expected)
      expect(valueAt(await ask(`${list}?fieldSelector=metadata.name=${name}`), ['items', 0, ...path])).toEqual(expected)
    }
    const bare = await askMasked(cluster, [], { method: 'GET', path: `${list}/${name}` })
    expect(valueAt(JSON.parse(bare.body), path)).toEqual(value)
    await cluster.request('DELETE', `${list}/${name}?gracePeriodSeconds=0`)
  })
})
