import { CodedError, type ErrorCatalogue } from '../operations/index.ts'
import type { ConfigProblem } from './config.ts'

export const configErrors = {
  GS_CONFIG_UNREADABLE: {
    meaning: 'The configuration file cannot be read.',
    next: 'Give the path of a readable UTF-8 file of at most 1 MiB.',
  },
  GS_CONFIG_SYNTAX: {
    meaning: 'The configuration is not the YAML that the gateway accepts.',
    next: 'Correct the line that is named; values that start with ! & * { [ or hold ": " need quotes.',
  },
  GS_CONFIG_UNKNOWN_FIELD: {
    meaning: 'The configuration has a field that does not exist.',
    next: 'Correct its spelling or remove it; docs/config.md lists every field.',
  },
  GS_CONFIG_MISSING_FIELD: {
    meaning: 'The configuration lacks a field that is required.',
    next: 'Add the field; docs/config.md has an example.',
  },
  GS_CONFIG_WRONG_VALUE: {
    meaning: 'A field of the configuration has a value that it cannot have.',
    next: 'Write the value in the form that the problem names.',
  },
  GS_CONFIG_NOT_SUPPORTED: {
    meaning: 'The configuration asks for something that this version does not enforce.',
    next: 'Remove it: what is not enforced is never accepted.',
  },
  GS_CONFIG_LITERAL_SECRET: {
    meaning: 'A secret stands in the configuration itself.',
    next: 'Write a reference: env:NAME, file:path, command:/path or secret:name; and change the secret, because it has been in a file.',
  },
  GS_CONFIG_INCONSISTENT: {
    meaning: 'Two parts of the configuration do not fit together.',
    next: 'Correct one of the two places that are named.',
  },
  GS_CONFIG_DOUBTFUL: {
    meaning: 'The configuration is accepted, but something in it is probably not meant.',
    next: 'Look at the place that is named; nothing stops working.',
  },
  GS_CONFIG_RESTART_NEEDED: {
    meaning: 'The new configuration changes something that cannot change while the gateway runs, so none of it was taken.',
    next: 'Restart the gateway to take it, or undo that change.',
  },
  GS_CONFIG_INVALID: {
    meaning: 'The configuration has several problems.',
    next: 'Correct each place that is named; nothing of the file is in force.',
  },
} as const satisfies ErrorCatalogue

export type ConfigErrorCode = keyof typeof configErrors

/** A configuration that was refused, with everything that is wrong with it. */
export class ConfigError extends CodedError<ConfigErrorCode> {
  /** In the order of the file; at least one. */
  readonly problems: readonly ConfigProblem[]

  /** @param problems at least one; their codes come from `configErrors` */
  constructor(problems: readonly (ConfigProblem & { readonly code: ConfigErrorCode })[], options?: ErrorOptions) {
    const first = problems[0]?.code ?? 'GS_CONFIG_INVALID'
    const code = problems.every((problem) => problem.code === first) ? first : 'GS_CONFIG_INVALID'
    super(code, problems.map(describeProblem).join('\n'), configErrors[code].next, options)
    this.problems = problems
  }
}

/** One line for people: `gatescribe.yaml:12:5 rules[0].when: … Write …` */
export function describeProblem(problem: ConfigProblem): string {
  const where = problem.path === '' ? '' : `${problem.path}: `
  return `${problem.file}:${problem.line}:${problem.column} ${where}${problem.message} ${problem.next} [${problem.code}]`
}
