import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const launchErrors = {
  GS_LAUNCH_NO_IDENTITY: {
    meaning: 'No identity of a CI system or workload was found here.',
    next: 'In GitHub Actions add permissions: id-token: write; in GitLab id_tokens: GATESCRIBE_ID_TOKEN; elsewhere set GATESCRIBE_ID_TOKEN_FILE. At a terminal, gatescribe run takes your own sign-in: gatescribe login.',
  },
  GS_LAUNCH_IDENTITY_FAILED: {
    meaning: 'The identity of this job is there but could not be read.',
    next: 'Correct what is named, then start the job again.',
  },
  GS_LAUNCH_NO_CLUSTER: {
    meaning: 'There is no Kubernetes cluster behind this gateway that this run may open, or not the one that was asked for.',
    next: 'Name one of those that gatescribe kubeconfig lists without --context; the operator gives a run more by a rule on a resource of kind kubernetes.',
  },
  GS_LAUNCH_NO_RESOURCE: {
    meaning: 'There is no resource of this name that this run may open.',
    next: 'Name one of those that are listed with --resource, or none; the operator gives a run more by a rule.',
  },
  GS_LAUNCH_NOT_PASSED: {
    meaning: 'This variable cannot be passed on to the job.',
    next: 'Leave it out of --pass: a name is letters, digits and _, with * at its end for all that begin so; what proves who the job is stays with its launcher, because whoever has it can start runs of its own.',
  },
  GS_LAUNCH_NO_COMMAND: {
    meaning: 'The command of the job cannot be started.',
    next: 'Check its name, and that it is in PATH and may be executed.',
  },
  GS_LAUNCH_HOME: {
    meaning: 'The home folder of the run cannot be made.',
    next: 'Check that the folder for temporary files (TMPDIR) can be written and has room.',
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
