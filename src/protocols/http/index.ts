export * from './plane.ts'
export * from './target.ts'
