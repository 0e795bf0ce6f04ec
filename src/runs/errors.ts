import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const runErrors = {
  GS_RUNS_OVER: {
    meaning: 'This run has ended, expired or been revoked; nobody can enter it again.',
    next: 'Stop; start the job anew at its issuer, which makes a new run. Where several steps of a job use gatescribe run, all but the last take --keep-run.',
  },
  GS_RUNS_OTHER_PRINCIPAL: {
    meaning: 'This run was started by another principal, or with other groups.',
    next: 'Ask the operator to add to run.id of this issuer a claim that tells the jobs of a workflow apart.',
  },
  GS_RUNS_NOT_RECORDED: {
    meaning: 'The start of the run could not be recorded, so the run was not started.',
    next: 'Wait and exchange a fresh token; the operator has been told.',
  },
  GS_RUNS_DRAINING: {
    meaning: 'The gateway is stopping and starts no new runs.',
    next: 'Exchange a fresh token once the gateway is running again.',
  },
  GS_RUNS_TOO_MANY: {
    meaning: 'A budget lets no more runs go on at the same time.',
    next: 'Wait until another run has ended, then exchange a fresh token.',
  },
} as const satisfies ErrorCatalogue

export class RunError extends CodedError<keyof typeof runErrors> {
  /** @param options.reason replaces the code's own sentence */
  constructor(code: keyof typeof runErrors, { reason, ...options }: ErrorOptions & { reason?: string } = {}) {
    super(code, reason ?? runErrors[code].meaning, runErrors[code].next, options)
  }
}
