/**
 * Whether an option is missing: no string, as a variable is that is not set, or a blank one, as a template
 * leaves it. The one test of it, for variables, ids, URLs and secrets.
 */
export const isMissing = (value: unknown): boolean => typeof value !== "string" || value.trim() === ""
