import * as Predicate from "effect/Predicate"
import { AuthenticatedResponse } from "./authenticatedResponse.ts"

/**
 * The `Response` that a client's answer was made from, where its base client is a `fetch`. The platform
 * keeps it under these names and has no type for it; where it does not, there is none.
 */
export const webResponse = (answer: unknown): Response | undefined => {
  if (answer instanceof Response) {
    return answer
  }
  if (answer instanceof AuthenticatedResponse) {
    return webResponse(AuthenticatedResponse.sent(answer))
  }
  for (const name of ["source", "original"]) {
    if (Predicate.hasProperty(answer, name)) {
      return webResponse(answer[name])
    }
  }
  return undefined
}
