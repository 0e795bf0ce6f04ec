import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const launchErrors = {
  GS_LAUNCH_NO_IDENTITY: {
    meaning: 'No identity of a CI system or workload was found here.',
    next: 'In GitHub Actions add permissions: id-token: write; elsewhere set GATESCRIBE_ID_TOKEN or GATESCRIBE_ID_TOKEN_FILE.',
  },
  GS_LAUNCH_IDENTITY_FAILED: {
    meaning: 'The identity of this job is there but could not be read.',
    next: 'Correct what is named, then start the job again.',
  },
  GS_LAUNCH_NO_CLUSTER: {
    meaning: 'There is no Kubernetes cluster behind this gateway that this run may open, or not the one that was asked for.',
    next: 'Name one of those that gatescribe kubeconfig lists without --context; the operator gives a run more by a rule on a resource of kind kubernetes.',
  },
  GS_LAUNCH_ANSWER: {
    meaning: 'The gateway answered with something that cannot be put into an environment.',
    next: 'Check that the URL names the token door of a gateway of this version.',
  },
} as const satisfies ErrorCatalogue

export class LaunchError extends CodedError<keyof typeof launchErrors> {
  /** @param about goes behind the code's own sentence; never a token */
  constructor(code: keyof typeof launchErrors, about?: string, options?: ErrorOptions) {
    super(code, about ? `${launchErrors[code].meaning} (${about})` : launchErrors[code].meaning, launchErrors[code].next, options)
  }
}
