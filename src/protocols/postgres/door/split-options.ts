import { DoorError } from './errors.ts'

/**
 * The settings in an `options` string, as PostgreSQL's backend takes it apart: words are separated by white space, a backslash
 * takes the next character as it is (pg_split_opts in postinit.c); `-c name=value`, `-cname=value` and `--name=value` set
 * something (process_postgres_switches), and a dash in a name is an underscore (ParseLongOption).
 *
 * @throws DoorError for any other switch: it would reach the target's backend as one
 */
export function splitOptions(options: string): [name: string, value: string][] {
  const settings: [string, string][] = []
  const words = splitWords(options)
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    if (word === '-c') settings.push(setting(words[++at]))
    else if (word.startsWith('-c') || (word.startsWith('--') && word.length > 2)) settings.push(setting(word.slice(2)))
    else throw new DoorError('GS_POSTGRES_SETTING_REFUSED', 'The start-up options hold something else than -c name=value.')
  }
  return settings
}

function setting(word: string | undefined): [string, string] {
  const match = /^([^=]+)=(.*)$/s.exec(word ?? '')
  if (!match) throw new DoorError('GS_POSTGRES_SETTING_REFUSED', 'A start-up option has no name=value.')
  return [match[1]!.replaceAll('-', '_'), match[2]!]
}

function splitWords(options: string): string[] {
  const words: string[] = []
  let word: string | undefined
  for (let at = 0; at < options.length; at++) {
    const character = options[at]!
    // isspace() in the C locale
    if (/[ \t\n\v\f\r]/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      word = (word ?? '') + (character === '\\' ? (options[++at] ?? '') : character)
    }
  }
  return word === undefined ? words : [...words, word]
}
