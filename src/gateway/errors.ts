import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const gatewayErrors = {
  GS_GATEWAY_EPHEMERAL_DATA: {
    meaning: 'The data folder is on a file system that does not survive a restart.',
    next: 'Give gateway.data a folder on a disk.',
  },
  GS_GATEWAY_ADDRESS: {
    meaning: 'A door cannot listen on its configured address.',
    next: 'Stop what uses that address, or change gateway.listen.',
  },
  GS_GATEWAY_SECRET_IN_USE: {
    meaning: 'The running configuration refers to this secret.',
    next: 'Take the reference out of the configuration first.',
  },
  GS_GATEWAY_MASK_KEY: {
    meaning: 'The key that masked values are hashed by is no key.',
    next: 'Let masking.key refer to 32 bytes as base64 or hex; gatescribe master-key new makes some.',
  },
  GS_GATEWAY_SAME_KEY: {
    meaning: 'The new master key is the one that the configuration has already.',
    next: 'Name another key; gateway.masterKey stays the old one until the rotation is done.',
  },
  GS_GATEWAY_NO_OPERATION: {
    meaning: 'The entry holds no operation that was decided.',
    next: 'Name an operation.intent; gatescribe trail search --kind operation.intent finds them.',
  },
  GS_GATEWAY_NO_INTERCEPTION: {
    meaning: 'Nothing is intercepted here, so there is no CA for that.',
    next: 'Give a resource intercept: true and hosts; docs/proxy.md shows how.',
  },
  GS_GATEWAY_NO_APPROVALS: {
    meaning: 'Nobody signs in at this gateway, so nobody can be asked to approve anything.',
    next: 'Configure gateway.listen.admin and an issuer of people; docs/approvals.md shows how.',
  },
  GS_GATEWAY_PERSONS_ONLY: {
    meaning: 'Only a person can answer this, and the local socket does not say which person you are.',
    next: 'Sign in with: gatescribe login --gateway https://host:port, then run the command again.',
  },
  GS_GATEWAY_NO_PEOPLE: {
    meaning: 'Nobody signs in at this gateway.',
    next: 'Configure gateway.listen.admin and an issuer of people; docs/identity.md shows how.',
  },
  GS_GATEWAY_NOT_REVOKED: {
    meaning: 'This person is not revoked.',
    next: 'See who is with: gatescribe persons ls.',
  },
  GS_GATEWAY_NO_RESOURCE: {
    meaning: 'The configuration has no resource of this name.',
    next: 'Name one that stands under resources; GET /v1/resources lists them.',
  },
  GS_GATEWAY_NO_MCP_SERVER: {
    meaning: 'The configuration has no MCP server of this name.',
    next: 'Name a resource of kind mcp; GET /v1/resources lists them, and gatescribe tools ls those that were asked for their tools.',
  },
  GS_GATEWAY_NO_CONNECTORS: {
    meaning: 'No connector can dial this gateway: it has no door for them.',
    next: 'Configure gateway.listen.connectors and a name under connectors, then restart the gateway; docs/connector.md shows how.',
  },
  GS_GATEWAY_NO_CONNECTOR_NAME: {
    meaning: 'The configuration has no connector of this name.',
    next: 'Name one that stands under connectors; gatescribe connectors ls lists them.',
  },
  GS_GATEWAY_NO_CONNECTOR: {
    meaning: 'No connector of this id is enrolled here.',
    next: 'List those that are, with: gatescribe connectors ls.',
  },
  GS_GATEWAY_NOT_SCANNED: {
    meaning: 'Only resources of kind postgres can be scanned; this one is of another kind.',
    next: 'Write its masks by hand, by field or with detect: docs/masks.md shows both.',
  },
  GS_GATEWAY_NO_ANALYZER: {
    meaning: 'The configuration names no analyzer that could be asked.',
    next: 'Configure masking.analyzer, or scan without --analyzer; docs/scan.md says what is sent to it.',
  },
  GS_GATEWAY_SCANNING: {
    meaning: 'Another scan is going on.',
    next: 'Wait until it is done: one at a time reads from a target.',
  },
  GS_GATEWAY_NO_RUN: {
    meaning: 'The log has no run of this id.',
    next: 'gatescribe runs ls lists those that the gateway knows; older ones are gone where trail.retain.entries says so, and bundles may have them.',
  },
  GS_GATEWAY_NO_SESSION: {
    meaning: 'The log has no session of this id.',
    next: 'gatescribe sessions ls --all lists those that it has; older ones are gone where trail.retain.entries says so, and bundles may have them.',
  },
  GS_GATEWAY_NOT_RECORDED: {
    meaning: 'What the client of this session saw was not recorded.',
    next: 'gatescribe sessions show tells of its statements; the section recording of the configuration says what is recorded from now on.',
  },
  GS_GATEWAY_RECORDING_GONE: {
    meaning: 'The recording of this session is gone: it was erased, or is older than trail.retain keeps.',
    next: 'gatescribe sessions show tells what the log still has; gatescribe trail search --kind erased says who asked for an erasure.',
  },
  GS_GATEWAY_NO_NAMES_CA: {
    meaning: 'This gateway presents a certificate of its operator, so it has no CA of its own.',
    next: 'Give clients the CA that issued that certificate.',
  },
} as const satisfies ErrorCatalogue

export class GatewayError extends CodedError<keyof typeof gatewayErrors> {
  /** @param reason replaces the code's own sentence */
  constructor(code: keyof typeof gatewayErrors, reason?: string, options?: ErrorOptions) {
    super(code, reason ?? gatewayErrors[code].meaning, gatewayErrors[code].next, options)
  }
}
