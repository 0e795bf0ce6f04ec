import { CodedError, type ErrorCatalogue } from '../../operations/index.ts'

export const mcpHostErrors = {
  GS_MCP_HOST_CONFIG: {
    meaning: 'The configuration of the MCP host is refused.',
    next: 'Correct what is named; docs/mcp-host.md shows every field. Try it with gatescribe mcp-host --config FILE --check.',
  },
  GS_MCP_HOST_NEEDS_USER: {
    meaning: 'The host was started as root, and nothing says as whom servers are to run.',
    next: 'Set user to an account that is made for this and owns nothing.',
  },
  GS_MCP_HOST_CANNOT_SWITCH: {
    meaning: 'Only root can start servers as another user.',
    next: 'Start the host as that user and leave user out, or start it as root.',
  },
  GS_MCP_HOST_ROOT: {
    meaning: 'Servers would run as root.',
    next: 'Set user to an account that is made for this and owns nothing.',
  },
  GS_MCP_HOST_SAME_USER: {
    meaning:
      'Servers would run as the user that the gateway runs as, and could read everything that it keeps: keys, secrets and the trail.',
    next: 'Give the host, or its servers by user, an account of their own.',
  },
  GS_MCP_HOST_UNKNOWN_USER: {
    meaning: 'This machine has no such user.',
    next: 'Make the account, such as with useradd --system --no-create-home gatescribe-mcp, or correct the name.',
  },
  GS_MCP_HOST_TOKEN: {
    meaning: 'The token that opens the host cannot be used.',
    next: 'Write at least 32 characters into a file of mode 0600, such as with: (umask 077; openssl rand -hex 32 > mcp-host.token).',
  },
  GS_MCP_HOST_SECRET: {
    meaning: 'A secret of a server cannot be read.',
    next: 'Check that file: names a file of mode 0600 and env: a variable that is set.',
  },
  GS_MCP_HOST_LISTEN: {
    meaning: 'The host cannot listen there.',
    next: 'Name a loopback address and a port that is free.',
  },
  GS_MCP_HOST_NO_SERVER: {
    meaning: 'The host has no server of this name.',
    next: 'Name one that stands under servers.',
  },
  GS_MCP_HOST_NOT_OPEN: {
    meaning: 'This request does not carry the token of the host, or does not come from the gateway.',
    next: 'Set the credential of the resource to the same token.',
  },
  GS_MCP_HOST_NOT_MCP: {
    meaning: 'This is no request of MCP.',
    next: 'POST one JSON-RPC message, within a session or of a dialect that has none.',
  },
  GS_MCP_HOST_NO_SESSION: {
    meaning: 'There is no such session, or its process ended.',
    next: 'Connect anew: initialize first.',
  },
  GS_MCP_HOST_FULL: {
    meaning: 'As many processes of this server run as may.',
    next: 'Retry later, or end sessions that are not needed.',
  },
  GS_MCP_HOST_BACKING_OFF: {
    meaning: 'This server ended again and again before it answered anything; it is not started again just now.',
    next: 'Report that this MCP server does not start; the log of the host says what it printed.',
  },
  GS_MCP_HOST_NOT_STARTED: {
    meaning: 'This server cannot be started.',
    next: 'Report it; whoever operates the host checks command and folder, and that its user may read them.',
  },
  GS_MCP_HOST_ENDED: {
    meaning: 'The process of this server ended before it answered; whether the request was carried out is not known.',
    next: 'Look at what became of it before you try again.',
  },
  GS_MCP_HOST_TOO_LARGE: {
    meaning: 'A message is larger than it may be; the session was ended.',
    next: 'Ask for less at once, such as fewer rows or a smaller file.',
  },
  GS_MCP_HOST_DUPLICATE: {
    meaning: 'A request of this id waits for its answer already.',
    next: 'Give each request an id of its own.',
  },
  GS_MCP_HOST_NOT_READING: {
    meaning: 'This server does not take its messages.',
    next: 'Retry later; report it if it goes on.',
  },
  GS_MCP_HOST_STOPPING: {
    meaning: 'The host is stopping.',
    next: 'Retry in a moment.',
  },
} as const satisfies ErrorCatalogue

export class McpHostError extends CodedError<keyof typeof mcpHostErrors> {
  /** @param reason replaces the code's own sentence; never holds a secret */
  constructor(code: keyof typeof mcpHostErrors, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? mcpHostErrors[code].meaning, mcpHostErrors[code].next, options)
  }
}
