export const explainInstall: (output: string) => string
