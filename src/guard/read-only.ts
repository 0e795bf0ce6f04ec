/** Classes of effects that change something, or may: where no rule can permit one of them, a session changes nothing. */
const CHANGING = ['write', 'define', 'admin', 'credential', 'opaque'] as const

/** Whether the target may be asked to refuse every change. @param permitted classes that some rule could permit */
export function isReadOnly(permitted: ReadonlySet<string>): boolean {
  return CHANGING.every((name) => !permitted.has(name))
}
