export { type ConnectorDoor, type ConnectorDoorOptions, connectorDoor } from './door.ts'
