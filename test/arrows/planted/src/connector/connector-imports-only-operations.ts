import { door } from '../trail/index.ts'

export const planted = door
