import type { PolicyOperator } from '../../api/local/index.ts'
import { rulesIn } from '../../config/index.ts'
import { findEntry } from '../../evidence/index.ts'
import { createPolicy } from '../../policy/index.ts'
import { GatewayError } from '../errors.ts'
import { globalLimits, type Taken } from '../in-force.ts'
import { checkRules, testRules } from '../rehearsing.ts'
import type { Rooms } from '../rooms.ts'
import { explainEntry } from './explain-entry.ts'
import { type PastPolicy, type PolicyInForce, selectedBy } from './past-policies.ts'
import { replay } from './replay.ts'

/** Rules against the past, for one viewer. What is read of the trail is recorded before it is read. */
export function replayOperator({ inForce, records, trail }: Pick<Rooms, 'inForce' | 'records' | 'trail'>, viewer: string): PolicyOperator {
  return {
    checkRules: (configuration) => checkRules(configuration, Date.now()),
    testRules: (asked) => testRules(asked, inForce.config, Date.now()),
    async replayPolicy({ configuration, examples, ...where }, signal) {
      const candidate = candidateIn(configuration)
      const end = await records.pastJudged(viewer, { replay: candidate.policy.digest, ...where })
      return replay(trail, { ...where, examples, candidate, inForce: current(inForce.taken), end }, signal)
    },
    async explainEntry({ entry: ref, configuration }, signal) {
      const now = current(inForce.taken)
      const candidate = configuration === undefined ? now : candidateIn(configuration)
      await records.pastJudged(viewer, { explain: candidate.policy.digest, entry: ref })
      const entry = await findEntry(trail, ref, signal)
      if (entry.kind !== 'operation.intent') {
        throw new GatewayError('GS_GATEWAY_NO_OPERATION', `Entry ${entry.index} is ${entry.kind}: no rule decided anything there.`)
      }
      return explainEntry(trail, entry, { candidate, inForce: now }, signal)
    },
  }
}

const current = ({ policy, loaded }: Taken): PolicyInForce => ({
  ...{ policy, configuration: loaded.digest },
  ...selectedBy(loaded.config.resources),
})

function candidateIn(text: string): PastPolicy {
  const { rules, limits, masks, resources } = rulesIn(text)
  return { policy: createPolicy(rules, globalLimits(limits), masks), ...selectedBy(resources) }
}
