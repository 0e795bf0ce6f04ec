import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const credentialsErrors = {
  GS_SECRET_UNKNOWN: {
    meaning: 'The sealed store holds no secret of this name.',
    next: 'Set it: gatescribe secret set NAME.',
  },
  GS_SECRET_UNREADABLE: {
    meaning: 'A reference to a secret leads to nothing.',
    next: 'Correct the reference in the configuration, or put the secret where it points.',
  },
  GS_SECRET_EXPOSED: {
    meaning: 'A file with a secret can be read or written by others on this machine.',
    next: 'Take the rights away: chmod 600 FILE; and change the secret if others use this machine.',
  },
  GS_SECRET_COMMAND_FAILED: {
    meaning: 'A command that should print a secret did not.',
    next: "Run the command as the gateway's own user, with no environment but PATH, and see what it says.",
  },
  GS_SECRET_TOO_LARGE: {
    meaning: 'A secret is larger than 64 KiB, or a certificate larger than 1 MiB.',
    next: 'Point the reference at the secret itself.',
  },
  GS_SECRET_NOT_A_HEADER: {
    meaning: 'A secret that should go into a header holds what no header can carry.',
    next: 'Put the token alone there: visible ASCII on one line, without "Bearer" before it.',
  },
  GS_SECRET_KUBECONFIG: {
    meaning: 'A kubeconfig cannot be used as it is.',
    next: "Correct it, and try it as the gateway's own user: kubectl --kubeconfig FILE --context CONTEXT version.",
  },
  GS_SECRET_EXEC: {
    meaning: 'A program that should print an ExecCredential printed something else.',
    next: "Run it as the gateway's own user with KUBERNETES_EXEC_INFO set, and see what it prints; docs/config.md says what it must be.",
  },
  GS_MASTER_KEY_MISSING: {
    meaning: 'There is no master key where the configuration says.',
    next: 'Make one: (umask 077; openssl rand -base64 32 > master.key); and keep a copy away from the data folder: without it nothing sealed opens again.',
  },
  GS_MASTER_KEY_INVALID: {
    meaning: 'The master key is not 32 bytes as base64 or hex.',
    next: 'Make one: (umask 077; openssl rand -base64 32 > master.key); and keep a copy away from the data folder: without it nothing sealed opens again.',
  },
  GS_SEALED_ELSEWHERE: {
    meaning: 'This was sealed under another master key.',
    next: 'Start with the master key that it was sealed under; if a rotation was interrupted, run it again with both keys.',
  },
  GS_SEALED_BROKEN: {
    meaning: 'Sealed bytes were changed, cut or moved to another place.',
    next: 'Restore the data folder from a backup, or set the secret again.',
  },
  GS_TARGET_CREDENTIAL_UNAVAILABLE: {
    meaning: 'The gateway cannot read its own credential for this target.',
    next: "Do not change your credential, it is not the cause; tell the operator, who finds the reason in the gateway's log.",
  },
  GS_TARGET_CREDENTIAL_NONE: {
    meaning: 'No credential of this resource is for everything that the rules could permit this run there.',
    next: 'Do not change your credential, it is not the cause; tell the operator to give the resource a credential whose "for" covers it, or to narrow the rules.',
  },
  GS_TARGET_GONE: {
    meaning: 'This resource is not configured any more.',
    next: 'Stop, or ask the operator which resource replaces it.',
  },
  GS_TARGET_CONNECT_FAILED: {
    meaning: 'No connection to the target came about.',
    next: "Retry later; if it stays so, tell the operator, who finds the reason in the gateway's log.",
  },
} as const satisfies ErrorCatalogue

export type CredentialsErrorCode = keyof typeof credentialsErrors

/** Never holds the value of a secret, nor what a command or a target said. */
export class CredentialsError extends CodedError<CredentialsErrorCode> {
  /** @param reason replaces the code's own sentence; may name a reference, never its value */
  constructor(code: CredentialsErrorCode, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? credentialsErrors[code].meaning, credentialsErrors[code].next, options)
  }
}
