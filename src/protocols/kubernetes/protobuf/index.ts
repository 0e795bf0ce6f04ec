export { type ParseJson, readProtobuf } from './read-object.ts'
