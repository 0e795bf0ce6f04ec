import { tool } from '../../tools/tool.ts'

export const planted = tool
