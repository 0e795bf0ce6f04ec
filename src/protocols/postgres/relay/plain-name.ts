import type { WireName } from '../wire/read.ts'

/** NAMEDATALEN - 1: a server tells names of statements and portals apart by this many bytes. */
const LONGEST_NAME = 63

/** Why other names are refused, for the client. */
export const NOT_PLAIN = `Names of statements and portals have at most ${LONGEST_NAME} characters, all of them printable ASCII.`

/**
 * Whether two different names are two different ones to every server. Longer ones are cut there, and other letters are
 * converted from an encoding that can change: two names of ours could then be one of the server, and a Bind of the first
 * would be recorded with its text while the server runs the text of the second.
 */
export function isPlainName(name: WireName): boolean {
  return name === '' || (name.length <= LONGEST_NAME && /^[ -~]*$/.test(name))
}
