export { type ConnectorCode, ConnectorError, connectorErrors } from './errors.ts'
export type * from './gateway/observer.ts'
export type * from './gateway/store.ts'
export type * from './gateway/types.ts'
