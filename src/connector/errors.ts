import { CodedError, type ErrorCatalogue } from '../operations/index.ts'

export const connectorErrors = {
  GS_CONNECTOR_ABSENT: {
    meaning: 'No connector of that name is connected.',
    next: 'Tell the operator: gatescribe connectors ls says which connectors are up; retry once one is.',
  },
  GS_CONNECTOR_TARGET_NOT_ALLOWED: {
    meaning: 'The connector may not open that target.',
    next: "Tell the operator: the allow-list of the connector (--allow host:port) must have the target as its resource has it, and by its IP address where its name leads to the connector's own machine or link.",
  },
  GS_CONNECTOR_TARGET_UNREACHABLE: {
    meaning: 'The connector could not reach the target.',
    next: 'Retry once; then tell the operator to check the target, and its name and address as the connector sees them.',
  },
  GS_CONNECTOR_CLOSED: {
    meaning: 'The connector went away.',
    next: 'Connect again: another connector of that name takes over, or this one comes back.',
  },
  GS_CONNECTOR_BUSY: {
    meaning: 'The connector carries as many streams as it may, or has as many links as one may have.',
    next: 'Retry later, or tell the operator to start another connector of that name.',
  },
  GS_CONNECTOR_REQUEST_INVALID: {
    meaning: 'The request is not one that the door for connectors understands.',
    next: 'Run gatescribe connector of the same version as the gateway against this door.',
  },
  GS_CONNECTOR_MISDIRECTED: {
    meaning: 'The request names a host that this door does not serve.',
    next: 'Use one of the names in gateway.tls.names in --gateway.',
  },
  GS_CONNECTOR_THROTTLED: {
    meaning: 'Too many requests came from this address.',
    next: 'Wait a few seconds; a connector does so by itself.',
  },
  GS_CONNECTOR_PROOF_INVALID: {
    meaning: 'The connector did not prove over this very TLS connection that it holds its key.',
    next: 'Let the connector reach the gateway without anything between them that ends TLS.',
  },
  GS_CONNECTOR_TOKEN_INVALID: {
    meaning: 'The enrolment token is not one of this gateway, is spent or expired, or belongs to another name.',
    next: 'Ask an administrator for a new one: gatescribe connectors enrol NAME.',
  },
  GS_CONNECTOR_WORKLOAD_REFUSED: {
    meaning: 'The workload identity does not enrol a connector of that name.',
    next: 'Compare the token with connectors[].workload in the configuration of the gateway; --name must be that name.',
  },
  GS_CONNECTOR_WORKLOAD_CHANGED: {
    meaning: 'The rule that took this workload in as a connector is in force no more.',
    next: 'Start it with --workload-token-file, and it shows its token to the rule in force by itself; or give it a token of gatescribe connectors enrol NAME. Operators: connectors[].workload was changed.',
  },
  GS_CONNECTOR_NAME_UNKNOWN: {
    meaning: 'The configuration of the gateway has no connector of that name.',
    next: 'Add the name to connectors in the configuration of the gateway, or enrol under one that is there.',
  },
  GS_CONNECTOR_UNKNOWN: {
    meaning: 'The gateway does not know this connector.',
    next: 'Enrol it: give it a token of gatescribe connectors enrol NAME, or a workload identity.',
  },
  GS_CONNECTOR_REVOKED: {
    meaning: 'This connector was revoked.',
    next: 'Enrol another one with a data folder of its own: gatescribe connectors enrol NAME.',
  },
  GS_CONNECTOR_FAILED: {
    meaning: 'The gateway failed to answer the connector.',
    next: 'Look into the log of the gateway; the connector tries again by itself.',
  },
  GS_CONNECTOR_STOPPING: {
    meaning: 'The gateway or the connector is stopping.',
    next: 'Try again once it is back; a connector does so by itself.',
  },
  GS_CONNECTOR_PLAINTEXT: {
    meaning: 'The door for connectors would listen without TLS.',
    next: 'Give the gateway a certificate: gateway.tls.',
  },
  GS_CONNECTOR_GATEWAY_UNREACHABLE: {
    meaning: 'The connector cannot connect to the gateway.',
    next: 'Check --gateway, and that the way out to it is open.',
  },
  GS_CONNECTOR_GATEWAY_UNTRUSTED: {
    meaning: 'The certificate of what answers is not one that the connector trusts for that name.',
    next: 'Check --gateway and --ca (gatescribe ca show prints the CA of the gateway).',
  },
  GS_CONNECTOR_GATEWAY_ANSWER: {
    meaning: 'What answered does not speak as the door for connectors of a gateway does.',
    next: 'Check --gateway: it is the address in gateway.listen.connectors; use the same version on both ends.',
  },
  GS_CONNECTOR_ALLOW: {
    meaning: 'That is no target that a connector can be allowed.',
    next: 'Write host:port, *.domain:port, or addresses as 10.1.0.0/16:port and [fd00::/8]:port.',
  },
  GS_CONNECTOR_FOLDER: {
    meaning: 'The data folder of the connector cannot be used.',
    next: 'Give it to the user that runs the connector, with chmod 700; its key must be readable by nobody else.',
  },
  GS_CONNECTOR_NO_TOKEN: {
    meaning: 'The connector is not enrolled and has nothing to enrol with.',
    next: 'Give it --token-file with a token of gatescribe connectors enrol NAME, or --workload-token-file and --name.',
  },
} as const satisfies ErrorCatalogue

export type ConnectorCode = keyof typeof connectorErrors

export class ConnectorError extends CodedError<ConnectorCode> {
  /** @param about goes behind the code's own sentence; never a token, and nothing that the other end said */
  constructor(code: ConnectorCode, about?: string, options?: ErrorOptions) {
    const { meaning, next } = connectorErrors[code]
    super(code, about === undefined ? meaning : `${meaning} (${about})`, next, options)
  }
}

/** Whether somebody else's word is one of our codes; what it says then stands in the catalogue. */
export const isConnectorCode = (code: unknown): code is ConnectorCode => typeof code === 'string' && Object.hasOwn(connectorErrors, code)
