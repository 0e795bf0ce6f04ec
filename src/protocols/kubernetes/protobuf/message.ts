import { MESSAGES } from './generated.ts'

/** One field of a message, as JSON says it. */
export interface Described {
  /** undefined: what it holds stands among its neighbours. */
  readonly name: string | undefined
  readonly shape: 'one' | 'list' | 'map'
  /** Whether it is left out where it is empty, as it is always sent. */
  readonly omitsEmpty: boolean
  readonly type: string
}

/** A kind of message. */
export interface Message {
  readonly fields: ReadonlyMap<number, Described>
  /** In JSON it is what its one field holds. */
  readonly isList: boolean
}

const known = new Map<string, Message>()

/** @returns undefined where there is none of this name */
export function messageNamed(name: string): Message | undefined {
  const before = known.get(name)
  const text = Object.hasOwn(MESSAGES, name) ? MESSAGES[name] : undefined
  if (before || text === undefined) return before
  const words = text === '' ? [] : text.split('|')
  const message = { isList: words[0] === 'list', fields: new Map(words.filter((word) => word !== 'list').map(described)) }
  known.set(name, message)
  return message
}

function described(text: string): [number, Described] {
  const [, number = '', name = '', mark = '', type = ''] = /^(\d+) (\S+) (\[\]|\{\}|\*)?(\S+)$/.exec(text) ?? []
  return [
    Number(number),
    {
      name: name === '-' ? undefined : name,
      shape: mark === '[]' ? 'list' : mark === '{}' ? 'map' : 'one',
      omitsEmpty: mark !== '*',
      type,
    },
  ]
}
