import { Automaton, type Word } from './automaton.ts'
import { PREFIXES } from './prefixes.ts'

/** What has to be looked at where a word stands. */
export type Trigger =
  /** A part of a name that may be the name of a secret. */
  | 'name'
  /** As `name`, and in SQL a function or clause whose literals are secret. */
  | 'construct'
  /** SQL that can spell a word without showing it, or a piece of a word that was split. */
  | 'spelling'
  | 'prefix'
  | 'jwt'
  | 'bearer'
  | 'authorization'
  | 'pem'
  | 'uri'
  | 'azure'
  | 'signature'

/** Those that only SQL looks at have rank 0. */
const SQL_ONLY: ReadonlySet<Trigger> = new Set(['construct', 'spelling'])

const words: Readonly<Record<Exclude<Trigger, 'prefix'>, readonly string[]>> = {
  name: [
    ...['pass', 'pwd', 'pw', 'secret', 'token', 'credential'],
    ...['api', 'access', 'private', 'account', 'encryption', 'signing', 'master', 'auth'].flatMap((of) =>
      ['', '_', '-', '.'].map((by) => `${of}${by}key`),
    ),
    'sharedaccess',
  ],
  construct: ['crypt', 'dblink', 'hmac', 'identified', 'program'],
  spelling: ['word', `u&'`, 'u&"', '\\x', '\\u', ...['0', '1', '2', '3'].map((digit) => `\\${digit}`)],
  jwt: ['eyj'],
  bearer: ['bearer'],
  authorization: ['authorization'],
  pem: ['-----begin '],
  uri: ['://'],
  azure: ['q~'],
  signature: ['sig='],
}

/** Every word that has to be looked for, by the number that the automaton gives it. */
export const triggers: readonly { readonly text: string; readonly trigger: Trigger }[] = [
  ...Object.entries(words).flatMap(([trigger, texts]) => texts.map((text) => ({ text, trigger: trigger as Trigger }))),
  ...PREFIXES.map(({ prefix }) => ({ text: prefix, trigger: 'prefix' as const })),
]

/** The first prefix has this number. */
export const FIRST_PREFIX = triggers.length - PREFIXES.length

const automaton = new Automaton(triggers.map(({ text, trigger }): Word => ({ text, rank: SQL_ONLY.has(trigger) ? 0 : 1 })))

/** `sql`: everything; `text`: without what only SQL makes something of. */
export type Reader = 'sql' | 'text'

const RANK = { sql: 0, text: 1 } as const

/**
 * Whether there is anything to look at. The one check that content without secrets has to pass: one table look-up per byte, nothing allocated.
 * True says nothing yet; false is certain.
 */
export function mayHoldSecrets(bytes: Uint8Array, as: Reader): boolean {
  return automaton.occurs(bytes, RANK[as])
}

/** With more of them than this a content is not looked at but replaced: nobody may keep the gateway busy with it. It takes 0.1 s as it is. */
const MOST_TRIGGERS = 20_000

export function holdsTooMuch(bytes: Uint8Array, as: Reader): boolean {
  // No trigger is shorter than two bytes, and most texts cannot hold so many.
  if (bytes.length < 2 * MOST_TRIGGERS) return false
  let count = 0
  eachTrigger(bytes, as, () => count++)
  return count > MOST_TRIGGERS
}

/** @param found given the number of the trigger, and one past its last byte */
export function eachTrigger(bytes: Uint8Array, as: Reader, found: (number: number, end: number) => void): void {
  automaton.each(bytes, RANK[as], found)
}
