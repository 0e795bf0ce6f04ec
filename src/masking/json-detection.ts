import type { Analyses } from './analyses.ts'
import { type Findings, maskFoundInJson } from './found.ts'
import { jsonString } from './json-leaves.ts'
import type { JsonPlace } from './json-rewriter.ts'
import { REDACTED } from './operators.ts'
import { holdsNothing } from './scanner.ts'

const QUOTE = 0x22
const NULL = Buffer.from('null')
const HIDDEN = jsonString(REDACTED)

/**
 * What stands for a string of a JSON text in which detectors find something. The name of a member counts as the name of its value.
 * @param key of the operator `hash` @param found told the detector of each find @param analyses of the analyzer, where it is asked for something
 */
export function replaceFound(
  findings: Findings,
  key: Uint8Array | undefined,
  found: (detector: string) => void,
  analyses?: Analyses,
): NonNullable<JsonPlace['replace']> {
  const isBuiltIn = findings.detectors.own.length === 0 && findings.entities === undefined
  return (token, name) => {
    if (token[0] !== QUOTE || (isBuiltIn && holdsNothing(token))) return undefined
    const before = name === undefined ? '' : `${JSON.stringify(name)}:`
    const prefix = Buffer.from(before)
    const replaced = maskFoundInJson(prefix.length === 0 ? token : Buffer.concat([prefix, token]), findings, key, analyses)
    if (replaced === undefined) return undefined
    if (replaced === 'not-json') return HIDDEN
    for (const { detector } of replaced.found) found(detector)
    return replaced.content === null ? NULL : replaced.content.subarray(prefix.length)
  }
}

/** Every string of a JSON text. */
export function everyString(replace: NonNullable<JsonPlace['replace']>): JsonPlace {
  const place: JsonPlace = { live: true, member: () => place, element: () => place, replace }
  return place
}
