export { McpError, type McpErrorCode, mcpErrors } from './errors.ts'
export { metadataUrl, openMetadata, type ProtectedResourceMetadata, protectedResourceMetadata } from './oauth/metadata.ts'
export { createMcpPlane, type McpPlaneOptions } from './plane/plane.ts'
export { readMcpRequest } from './plane/rehearse.ts'
