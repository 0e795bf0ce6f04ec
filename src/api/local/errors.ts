import { CodedError, type ErrorCatalogue } from '../../operations/index.ts'

export const localErrors = {
  GS_LOCAL_NOT_RUNNING: {
    meaning: 'No gateway answers on the local socket.',
    next: 'Start it with: gatescribe start -c gatescribe.yaml. If it runs with another configuration, name that with -c.',
  },
  GS_LOCAL_NO_ACCESS: {
    meaning: 'The local socket belongs to another user.',
    next: 'Run the command as the user that the gateway runs as.',
  },
  GS_LOCAL_SOCKET_PATH: {
    meaning: 'The path of the local socket is longer than the operating system allows.',
    next: 'Give gateway.data a shorter path.',
  },
  GS_LOCAL_SOCKET_TAKEN: {
    meaning: 'Something else stands where the local socket belongs.',
    next: 'Stop the other gateway, or give this one a data folder of its own.',
  },
  GS_LOCAL_BAD_REQUEST: {
    meaning: 'The request does not have the form that the local API expects.',
    next: 'Use a gatescribe command of the same version as the gateway.',
  },
  GS_LOCAL_NOT_FOUND: {
    meaning: 'There is nothing of this name here.',
    next: 'List what there is, with: gatescribe runs ls, sessions ls, secret ls, approvals ls, connectors ls or trail tail.',
  },
  GS_LOCAL_FAILED: {
    meaning: 'The gateway failed at this; its own log has the reason.',
    next: "Read the gateway's log, then run: gatescribe doctor.",
  },
  GS_LOCAL_INTERRUPTED: {
    meaning: 'The gateway went away before its answer was complete.',
    next: 'Check that the gateway still runs, then try again.',
  },
} as const satisfies ErrorCatalogue

export type LocalErrorCode = keyof typeof localErrors

/** What goes wrong between an operator's command and the gateway. */
export class LocalError extends CodedError<LocalErrorCode> {
  /** @param reason replaces the code's own sentence */
  constructor(code: LocalErrorCode, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? localErrors[code].meaning, localErrors[code].next, options)
  }
}

/** A refusal that the gateway spoke, as its client throws it: the code of whichever room refused. */
export class GatewayAnswer extends CodedError {}
