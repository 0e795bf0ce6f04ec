import type { Place } from './place.ts'

const RULES: readonly (readonly [RegExp, string])[] = [
  // Whether a client still has input to send when the other side is gone is a race of its own.
  [/^E\d{4} .*\bv2\.go:\d+\] .*\n/gm, ''],
  // So is what a watch was about when its time was over.
  [/^[EWI]\d{4} .* reflector\.go:\d+\] .*\n/gm, ''],
  [/^([EWI])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ /gm, '$1 '],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, 'UID'],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, 'TIME'],
  [/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} \w+/g, 'TIME'],
  // RFC 1123 and ctime.
  [/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun),? [\w ]{5,12}( \d{4})? \d\d:\d\d:\d\d( \d{4}| [+-]\d{4}| \w{3})?/g, 'TIME'],
  [/("?resourceVersion"?: ?)"?\d+"?/g, '$1N'],
  [/\bresource version[ :]+"?\d+"?(?: \(\d+\))?/gi, 'resource version N'],
  [/\b(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?(?:ms|s|m|h|µs)( ago)?(?=[\s,)]|$)/gm, 'AGE'],
  [/<unknown>(?= {2})/g, 'AGE'],
  [/\b10\.\d+\.\d+\.\d+\b/g, 'IP'],
  [/\b127\.0\.0\.1:\d+\b/g, 'ADDRESS'],
  [/\[::1\]:\d+\b/g, 'ADDRESS'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, 'TOKEN'],
  [/\bkube-api-access-\w{5}\b/g, 'kube-api-access-NAME'],
  [/\bnode-debugger-node-1-\w{5}\b/g, 'node-debugger-node-1-NAME'],
  // Columns are as wide as what is in them.
  [/ {2,}/g, '  '],
  [/[ \t]+$/gm, ''],
]

/** What a client printed, without what differs from one run to the next: times, identifiers, versions of objects, names of the place and of the server. */
export function normal(text: string, at: Place): string {
  let written = text
    .replaceAll(at.way.server, 'SERVER')
    .replaceAll(new URL(at.way.server).host, 'SERVER')
    .replaceAll(at.folder, 'FOLDER')
    .replaceAll(at.namespace, 'NAMESPACE')
  for (const [pattern, name] of RULES) written = written.replace(pattern, name)
  return written
}

/** An object of the API without what the server stamps on it. */
export function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !STAMPS.has(name))
      // They are in the order of the clock, which has seconds.
      .map(([name, inner]) => [
        name,
        name === 'managedFields' ? (bare(inner) as unknown[]).map((one) => JSON.stringify(one)).sort() : bare(inner),
      ]),
  )
}

const STAMPS = new Set([
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'time',
  'lastTransitionTime',
  'startTime',
  'startedAt',
  'finishedAt',
  'clusterIP',
  'clusterIPs',
  'podIP',
  'podIPs',
  // Of Helm.
  'modifiedAt',
])
