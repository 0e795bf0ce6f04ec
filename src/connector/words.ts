/** What both ends say on the connectors' door, before it is HTTP/2. docs/decisions/connector.md. */
export const ENROL_PATH = '/v1/enrol'
export const TUNNEL_PATH = '/v1/tunnel'
/** Upgrade token: RFC 9110 §7.8. */
export const TUNNEL_PROTOCOL = 'gatescribe-tunnel/1'

/** `con_…` */
export const CONNECTOR_HEADER = 'gatescribe-connector'
/** Base64url. */
export const PROOF_HEADER = 'gatescribe-proof'
export const VERSION_HEADER = 'gatescribe-version'
/** What the gateway calls it, with the switch of protocols. */
export const NAME_HEADER = 'gatescribe-name'
/** Of a refusal: one of our codes, on a stream or instead of the tunnel. */
export const CODE_HEADER = 'gatescribe-code'

/** What a program may say that its version is. */
export const VERSION_SHAPE = /^[\x21-\x7e]{1,64}$/
export const CONNECTOR_ID = /^con_[0-9a-f]{32}$/
/** As in the configuration. */
export const NAME_SHAPE = /^[a-z0-9][a-z0-9._-]{0,62}$/
