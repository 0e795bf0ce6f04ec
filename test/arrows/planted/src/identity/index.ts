export const door = 'identity'
export type Door = typeof door
