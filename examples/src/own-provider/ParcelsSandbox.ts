// #region sandbox
import { Sandbox, Wire } from "@latchkey/testing"
import { Either } from "effect"

const refuse = (why: string) =>
  Wire.Decision.Refuse({ why, response: Wire.json(400, { fault: "bad_request" }) })

const login = (request: Wire.SandboxRequest): Wire.Decision =>
  Either.match(Wire.jsonFields(request), {
    onLeft: refuse,
    onRight: ({ account, key }) =>
      typeof account === "string" && typeof key === "string"
        ? Wire.Decision.Login({
            clientId: account,
            clientSecret: key,
            granted: ({ accessToken }) =>
              Wire.json(201, { session: accessToken.value, ttl: accessToken.lifetime / 1000 }),
            refused: Wire.json(401, { fault: "bad_key" })
          })
        : refuse("account and key must be strings")
  })

export const make = (options?: Sandbox.Options) =>
  Sandbox.make(
    {
      provider: "parcels",
      tokenOrigin: "https://parcels.example",
      apiOrigin: "https://parcels.example",
      routes: [{ endpoint: "login", method: "POST", path: "/sessions", decide: login }],
      accessLifetime: "15 minutes",
      rejected: () => Wire.json(401, { fault: "bad_session" })
    },
    options
  )
// #endregion
