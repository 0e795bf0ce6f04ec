export const door = 'guard'
export type Door = typeof door
