import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import type { Decision, Mask } from '../../../operations/index.ts'
import type { Admitted, DoorRequest, Exchange } from '../../http/index.ts'
import { Repeated, readAsked, readHead } from './asked.ts'
import { changing } from './changing.ts'

const cards: Mask = {
  ...{ name: 'cards', columns: [], fields: [], detect: ['card'], patterns: [], as: 'redact' },
  ...{ unmaskedWrite: false, predicates: false },
}

async function asking(rawPath: string, rawQuery: string | undefined, masks: readonly Mask[]) {
  const door = {
    ...{ method: 'GET', rawPath, rawQuery, headers: [] },
    ...{ body: Readable.from([]), bodyLength: 0 },
  } as unknown as DoorRequest
  const asked = await readAsked(readHead(door), door, new Repeated(), new AbortController().signal)
  const decision: Decision = { effect: 'allow', rules: [], policy: 'p', masks }
  return changing({ session: {} } as Exchange, asked, { decision } as Admitted, [], undefined)
}

const logs = async (rawQuery: string, masks: readonly Mask[]) =>
  (await asking('/api/v1/namespaces/shop/pods/a/log', rawQuery, masks)).headers

it('lets nobody choose where logs are cut that masks look into', async () => {
  await expect(logs('limitBytes=19', [cards])).rejects.toMatchObject({ code: 'GS_K8S_NOT_ACCEPTABLE' })
  await expect(logs('tailLines=19', [cards])).resolves.toBeDefined()
  await expect(logs('limitBytes=19', [])).resolves.toBeDefined()
})

it.each(['/logs/kube-apiserver.log', '/metrics', '/debug/pprof/cmdline', '/anything'])(
  'has detectors look at %s, which is no resource',
  async (path) => {
    const { change } = await asking(path, undefined, [cards])
    const { body } = change({ status: 200, headers: [['Content-Type', 'text/plain']] }, {} as never)
    const shown = Buffer.concat([body!.push(Buffer.from('paid by 4111 1111 1111 1111\n'), 0), body!.end()])
    expect(shown.toString()).not.toContain('4111 1111 1111 1111')
    expect(shown.toString()).toMatch(/^paid by /)
  },
)

it.each(['/version', '/api', '/apis/apps/v1', '/openapi/v3', '/readyz'])(
  'leaves %s as it is: what a server is holds nothing of anybody',
  async (path) => {
    const { change, headers } = await asking(path, undefined, [cards])
    expect(headers).toEqual([])
    expect(change({ status: 200, headers: [['ETag', 'e']] }, {} as never)).toEqual({ headers: [['ETag', 'e']], body: undefined })
  },
)
