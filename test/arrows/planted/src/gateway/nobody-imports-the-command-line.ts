import { door } from '../cli/index.ts'

export const planted = door
