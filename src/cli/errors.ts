import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const cliErrors = {
  GS_CLI_USAGE: {
    meaning: 'The command is not written as its help says.',
    next: 'Run it again with --help to see an example.',
  },
  GS_CLI_NO_CONFIG: {
    meaning: 'It is not known which gateway is meant, because the configuration file cannot be read.',
    next: 'Name it with -c gatescribe.yaml, or the socket itself with --socket; gatescribe init writes a first configuration.',
  },
  GS_CLI_SECRET_IN_ARGUMENTS: {
    meaning:
      'A secret is never taken from the command line: every process of this machine can read it there, and the shell keeps it in its history.',
    next: 'Change that secret if it was real; then run gatescribe secret set NAME alone and type it, pipe it in, or use --from-file.',
  },
  GS_CLI_SECRET_ON_TERMINAL: {
    meaning: 'The answer holds a credential, and standard output is a terminal.',
    next: 'Use eval "$(gatescribe token …)" or --write-env FILE; --show prints it all the same.',
  },
  GS_CLI_NO_COMMAND: {
    meaning: 'The command that should be started cannot be.',
    next: 'Check its name, and that it is in PATH.',
  },
  GS_CLI_NO_SECRET_GIVEN: {
    meaning: 'No secret was given.',
    next: 'Pipe it in, name a file with --from-file, or run the command on a terminal and type it.',
  },
  GS_CLI_NOT_OVERWRITTEN: {
    meaning: 'A file of that name is already there.',
    next: 'Remove it yourself if it is not needed any more, or choose another folder.',
  },
  GS_CLI_NOT_SIGNED_IN: {
    meaning: 'Nobody is signed in at this gateway from here.',
    next: 'Sign in with: gatescribe login --gateway https://host:port.',
  },
  GS_CLI_SESSION_FILE: {
    meaning: 'The file with your sessions cannot be trusted.',
    next: 'Remove it and sign in again with: gatescribe login.',
  },
  GS_CLI_NOT_IN_RECORDING: {
    meaning: 'The recording has nothing like what it was to begin with.',
    next: 'List its statements with: gatescribe replay SESSION --list.',
  },
  GS_CLI_NO_ASCIICAST: {
    meaning: 'Only terminals have a recording as asciicast.',
    next: 'Take --json: one event per line, in the same shape; or let gatescribe replay print it.',
  },
  GS_CLI_CONNECTOR_SETTINGS: {
    meaning: 'The settings of the connector are refused.',
    next: 'Correct what is named; docs/connector.md shows every field. Try them with gatescribe connector … --check.',
  },
  GS_CLI_CONNECTOR_HEALTH: {
    meaning: 'The connector cannot answer whoever asks how it is.',
    next: 'Name a free address with --health, and a data folder that this user may write in.',
  },
  GS_CLI_CONNECTOR_NOT_RUNNING: {
    meaning: 'No connector runs with this data folder.',
    next: 'Start it with: gatescribe connector, or name its folder with --data.',
  },
  GS_CLI_FILE: {
    meaning: 'A file cannot be read or written.',
    next: 'Check the path and its permissions.',
  },
  GS_CLI_FAILED: {
    meaning: 'The command failed in a way that it does not expect.',
    next: 'Run it again with GATESCRIBE_DEBUG=1 and report what it prints.',
  },
} as const satisfies ErrorCatalogue

export type CliErrorCode = keyof typeof cliErrors

export class CliError extends CodedError<CliErrorCode> {
  /** @param reason replaces the code's own sentence; never holds a secret. @param options.next replaces the next step */
  constructor(code: CliErrorCode, reason?: string, { next, ...options }: ErrorOptions & { readonly next?: string } = {}) {
    super(code, reason ?? cliErrors[code].meaning, next ?? cliErrors[code].next, options)
  }
}

/** What the token door refused, in its own words. */
export class GatewayRefusal extends CodedError {}
