export * from './login/index.ts'
export * from './plane.ts'
export * from './target.ts'
