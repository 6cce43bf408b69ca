export const isInStep: (root: string) => boolean
export const noteInstall: (root: string) => void
