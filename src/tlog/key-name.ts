const MAX_NAME_CHARACTERS = 255
// biome-ignore lint/suspicious/noControlCharactersInRegex: a note holds no control characters, and so no name does
const UNFIT = /[\p{White_Space}+\u0000-\u001f]/u

/** Whether a key can have this name: not empty, no Unicode spaces, no plus (c2sp.org/signed-note, Format). */
export function isKeyName(name: string): boolean {
  return name.length > 0 && name.length <= MAX_NAME_CHARACTERS && name.isWellFormed() && !UNFIT.test(name)
}
