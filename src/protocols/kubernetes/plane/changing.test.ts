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

async function logs(rawQuery: string, masks: readonly Mask[]) {
  const door = {
    ...{ method: 'GET', rawPath: '/api/v1/namespaces/shop/pods/a/log', rawQuery, headers: [] },
    ...{ body: Readable.from([]), bodyLength: 0 },
  } as unknown as DoorRequest
  const asked = await readAsked(readHead(door), door, new Repeated(), new AbortController().signal)
  const decision: Decision = { effect: 'allow', rules: [], policy: 'p', masks }
  return changing({ session: {} } as Exchange, asked, { decision } as Admitted, [], undefined).headers
}

it('lets nobody choose where logs are cut that masks look into', async () => {
  await expect(logs('limitBytes=19', [cards])).rejects.toMatchObject({ code: 'GS_K8S_NOT_ACCEPTABLE' })
  await expect(logs('tailLines=19', [cards])).resolves.toBeDefined()
  await expect(logs('limitBytes=19', [])).resolves.toBeDefined()
})
