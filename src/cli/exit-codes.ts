/** What a command's exit code says; docs/cli.md shows the same table. */
export const exitCodes = {
  ok: { code: 0, meaning: 'Done.' },
  refused: { code: 1, meaning: 'Refused or failed; `doctor`: something must be repaired.' },
  usage: { code: 2, meaning: 'The command was not written as its help says.' },
  notRunning: { code: 3, meaning: 'No gateway answers, on the local socket or at the admin door; `connector --status`: none runs.' },
  notFound: { code: 4, meaning: 'There is no such run, session, entry, secret, resource, connector, export or request for approval.' },
  casesFailed: { code: 5, meaning: '`policy test`: a case came out differently than it says.' },
  wouldChange: { code: 6, meaning: '`policy replay`: something would come out differently.' },
  notSignedIn: { code: 7, meaning: 'Nobody is signed in, or the session is over: `gatescribe login`.' },
  notLetIn: { code: 77, meaning: '`connector`: the gateway does not let it in, and will not (EX_NOPERM of sysexits.h).' },
  config: { code: 78, meaning: 'The configuration is refused, or this machine cannot run the gateway (EX_CONFIG of sysexits.h).' },
  notStarted: {
    code: 125,
    meaning: "`run`: there was no run, so the command was not started. Any other code of `run` is the command's own.",
  },
  notExecutable: { code: 126, meaning: '`run`: the command may not be executed.' },
  noCommand: { code: 127, meaning: '`run`: there is no such command.' },
  interrupted: { code: 130, meaning: 'Ended by Ctrl-C.' },
} as const satisfies Record<string, { readonly code: number; readonly meaning: string }>

const NOT_FOUND: ReadonlySet<string> = new Set([
  'GS_LOCAL_NOT_FOUND',
  'GS_EVIDENCE_NOT_FOUND',
  'GS_RETENTION_NOT_FOUND',
  'GS_APPROVALS_UNKNOWN',
  'GS_GATEWAY_NO_RESOURCE',
  'GS_GATEWAY_NO_RUN',
  'GS_GATEWAY_NO_SESSION',
  'GS_GATEWAY_NOT_RECORDED',
  'GS_GATEWAY_RECORDING_GONE',
  'GS_CLI_NOT_IN_RECORDING',
  'GS_BREAKGLASS_UNKNOWN',
  'GS_GATEWAY_NO_MCP_SERVER',
  'GS_GATEWAY_NO_CONNECTOR_NAME',
  'GS_GATEWAY_NO_CONNECTOR',
  'GS_EXPORTS_UNKNOWN',
  'GS_PINS_NOTHING_SEEN',
  'GS_PINS_UNKNOWN_TOOL',
  'GS_PINS_NOT_PINNED',
  'GS_GATEWAY_NO_RESOURCE',
])
const NOT_SIGNED_IN: ReadonlySet<string> = new Set(['GS_CLI_NOT_SIGNED_IN', 'GS_ADMIN_NOT_SIGNED_IN', 'GS_PEOPLE_SESSION_INVALID'])

const CONFIG: ReadonlySet<string> = new Set(['GS_CLI_NO_CONFIG', 'GS_MCP_HOST_CONFIG', 'GS_CLI_CONNECTOR_SETTINGS', 'GS_CONNECTOR_ALLOW'])

/** What starting again does not change. */
const NOT_LET_IN: ReadonlySet<string> = new Set([
  'GS_CONNECTOR_REVOKED',
  'GS_CONNECTOR_TOKEN_INVALID',
  'GS_CONNECTOR_UNKNOWN',
  'GS_CONNECTOR_NO_TOKEN',
])

/** @param code of whatever error ended the command */
export function exitCodeOf(code: string): number {
  if (code === 'GS_LOCAL_NOT_RUNNING' || code === 'GS_ADMIN_UNREACHABLE' || code === 'GS_CLI_CONNECTOR_NOT_RUNNING')
    return exitCodes.notRunning.code
  if (NOT_FOUND.has(code)) return exitCodes.notFound.code
  if (NOT_SIGNED_IN.has(code)) return exitCodes.notSignedIn.code
  if (code === 'GS_CLI_USAGE' || code === 'GS_CLI_SECRET_IN_ARGUMENTS') return exitCodes.usage.code
  if (NOT_LET_IN.has(code)) return exitCodes.notLetIn.code
  if (code.startsWith('GS_CONFIG_') || CONFIG.has(code)) return exitCodes.config.code
  return exitCodes.refused.code
}
