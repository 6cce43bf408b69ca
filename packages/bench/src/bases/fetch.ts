import { path, sequenceOf, type CallOptions, type Session, type Target } from "../Contender.ts"

type Headers = Record<string, string>

/** What `fetch` is called with: kept plain, as most programs do. */
export const initOf = (headers: Headers, options: CallOptions | undefined): RequestInit => ({
  headers: options?.id === undefined ? headers : { ...headers, "x-call": options.id },
  signal: options?.signal ?? null
})

export const finish = async (response: Response): Promise<number> => {
  await response.text()
  return response.status
}

/** The session of a program that asks for a token and puts it on a `fetch`. */
export const fetchSession = (
  target: Target,
  token: () => Promise<string> | string,
  close: () => void = () => {}
): Session => {
  const url = `${target.apiUrl}${path}`
  const call = async (options?: CallOptions) =>
    finish(await target.fetch(url, initOf({ authorization: `Bearer ${await token()}` }, options)))
  return { call, sequence: sequenceOf(call), close: () => Promise.resolve(close()) }
}

export interface Minted {
  readonly accessToken: string
  readonly expiresAt: number
}

/** The token call that a library leaves to its user: client credentials. */
export const mint = async (target: Target): Promise<Minted> => {
  const sentAt = Date.now()
  const response = await target.fetch(target.tokenUrl, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: target.clientId,
      client_secret: target.clientSecret
    })
  })
  const text = await response.text()
  if (!response.ok) {
    throw new Error(`the token endpoint answered ${response.status}`)
  }
  const body: { readonly access_token: string; readonly expires_in: number } = JSON.parse(text)
  return { accessToken: body.access_token, expiresAt: sentAt + body.expires_in * 1000 }
}

/** The early refresh that the peers with such an option are given: a quarter of the lifetime, as ours. */
export const earlyBy = (target: Target): number => Math.min(300_000, target.lifetime / 4)
