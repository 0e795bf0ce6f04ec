import type { Door } from '../store/index.ts'

export type Planted = Door
