export { PostgresTranscriber } from './postgres-transcriber.ts'
