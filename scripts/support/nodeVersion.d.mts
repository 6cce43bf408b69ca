export const tooOld: (engines: string, version: string) => string | undefined
