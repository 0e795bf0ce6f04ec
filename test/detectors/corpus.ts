import type { Detector } from '../../src/masking/index.ts'
import { NEGATIVES } from './negatives.ts'
import { POSITIVES, privateKey } from './positives.ts'
import { Random } from './random.ts'

/** A text and what is in it. */
export interface Labelled {
  readonly text: Buffer
  /** What is to be found, in bytes; absent in a text that holds nothing. */
  readonly label?: { readonly detector: Detector; readonly start: number; readonly end: number }
  /** What it was made as. */
  readonly kind: string
}

/** What stands around it: a cell, prose, a log line, CSV, JSON, SQL, a key and its value. */
const AROUND: readonly (readonly [before: string, after: string])[] = [
  ['', ''],
  ['', ''],
  ['value is ', ' as of today.'],
  ['2026-03-01T12:00:00.123Z INFO request done value=', ' status=200 took=12ms'],
  ['17,"', '",2026-03-01,42.50'],
  ['{"id":17,"value":"', '","at":"2026-03-01"}'],
  ["INSERT INTO t VALUES (17, '", "', now());"],
  ['value: ', '\nnext: 17\n'],
  ['<td>', '</td>'],
  ['(', ')'],
  ['see ', ', or ask.'],
]

/**
 * A corpus made from a seed: of each detector so many texts that hold one, and of each kind of look-alike as many that hold none.
 * @param each texts per kind
 */
export function corpus(seed: number, each: number): readonly Labelled[] {
  const random = new Random(seed)
  const texts: Labelled[] = []
  const add = (kind: string, detector: Detector | undefined, content: string, inner: readonly [string, string] = ['', '']) => {
    const [before, after] = random.one(AROUND)
    const start = Buffer.byteLength(before + inner[0])
    const label = detector === undefined ? {} : { label: { detector, start, end: start + Buffer.byteLength(content) } }
    texts.push({ text: Buffer.from(before + inner[0] + content + inner[1] + after), kind, ...label })
  }
  for (const [detector, make] of Object.entries(POSITIVES)) {
    for (let count = 0; count < each; count++) add(detector, detector as Detector, make(random))
  }
  for (let count = 0; count < each; count++) {
    const { before, secret, after } = privateKey(random)
    add('private-key', 'private-key', secret, [before, after])
  }
  for (const [kind, make] of Object.entries(NEGATIVES)) for (let count = 0; count < each; count++) add(kind, undefined, make(random))
  return texts
}
