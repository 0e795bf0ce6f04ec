import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { KUBERNETES_PARTS, kubernetesBinaries } from '../../parts/kubernetes-binaries.ts'
import { clientLibraries, clientsAreInstalled, KUBERNETES_CLIENTS } from '../../parts/kubernetes-clients.ts'
import { needs } from '../../parts/require.ts'
import { startWorld, type World } from '../world.ts'
import { type Case, observe } from './case.ts'
import { HELM } from './helm.ts'
import { KEEPING } from './keeping.ts'
import { LIBRARIES } from './libraries.ts'
import { makePlace, type Way } from './place.ts'
import { READING } from './reading.ts'
import { FLOWING, streams } from './streams.ts'
import { WRITING } from './writing.ts'

/*
 * Every command is run twice: straight at the API server, and through a gateway whose rules allow it. What it prints, how it ends and what it leaves behind
 * must be the same. Where most of it is waiting, both are run at once.
 */

const CHAPTERS: Readonly<Record<string, readonly Case[]>> = {
  'kubectl that looks': READING,
  'kubectl that changes': WRITING,
  'kubectl of who keeps a cluster': KEEPING,
  'kubectl and what flows': FLOWING,
  'kubectl over WebSockets': streams({ name: 'WebSockets', env: {}, isNew: true }),
  'kubectl over SPDY': streams({
    name: 'SPDY',
    env: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' },
    isNew: true,
  }),
  'kubectl 1.20': streams({ name: '1.20', command: clientLibraries().oldKubectl, env: {}, isNew: false }),
  Helm: HELM,
  'client libraries': LIBRARIES,
}

let world: World
const folder = mkdtempSync(join(tmpdir(), 'gatescribe-matrix-'))
beforeAll(async () => {
  if (kubernetesBinaries()) world = await startWorld()
})
beforeEach((test) => {
  needs(test, kubernetesBinaries(), KUBERNETES_PARTS)
  needs(test, clientsAreInstalled(), KUBERNETES_CLIENTS)
})
afterAll(async () => {
  await world?.stop()
  rmSync(folder, { recursive: true, force: true })
})

let number = 0
async function observed(one: Case, way: Way) {
  return observe(one, await makePlace(way, world.cluster, number, folder))
}

for (const [chapter, cases] of Object.entries(CHAPTERS)) {
  describe(chapter, () => {
    for (const one of cases) {
      it(one.name, async () => {
        number += 1
        const beside = one.waits ? observed(one, world.gateway) : undefined
        beside?.catch(() => undefined)
        const direct = await observed(one, world.direct)
        const last = direct.printed.at(-1)
        expect({ status: last?.status, stderr: one.status ? '' : last?.stderr }, 'without a gateway').toEqual({
          status: one.status ?? 0,
          stderr: one.status ? '' : expect.any(String),
        })
        if (one.shows !== undefined) expect(direct.printed.map(({ stdout, stderr }) => stdout + stderr).join('\n')).toMatch(one.shows)
        expect(await (beside ?? observed(one, world.gateway)), 'through the gateway').toEqual(direct)
      })
    }
  })
}

it('is of 60 commands and more', () => {
  expect(Object.values(CHAPTERS).flat().length).toBeGreaterThanOrEqual(60)
})
