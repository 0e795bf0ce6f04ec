export { McpError, type McpErrorCode, mcpErrors } from './errors.ts'
export { metadataUrl, type ProtectedResourceMetadata, protectedResourceMetadata, WELL_KNOWN } from './oauth/metadata.ts'
export { createMcpPlane, type McpPlaneOptions } from './plane/plane.ts'
export { readMcpRequest } from './plane/rehearse.ts'
