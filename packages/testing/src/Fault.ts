/**
 * What can go wrong with one answer of a sandbox. `sandbox.fault("login", Fault.Html())` makes the
 * next answer of that endpoint go wrong this way.
 *
 * The name says whether the sandbox handles the request first: that is what decides whether a token
 * was minted or a refresh token spent behind the fault.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"

/**
 * A fault of one answer.
 *
 * @since 0.1.0
 * @category models
 */
export type Fault = Data.TaggedEnum<{
  Latency: { readonly duration: Duration.DurationInput }
  Status: {
    readonly status: number
    readonly headers?: Readonly<Record<string, string>> | undefined
    readonly body?: string | undefined
    readonly contentType?: string | undefined
  }
  Html: {}
  WithStatus: { readonly status: number }
  Truncated: {}
  EmptyBody: {}
  Body: {
    readonly body: string
    readonly status?: number | undefined
    readonly contentType?: string | undefined
  }
  HugeBody: { readonly bytes: number }
  Patch: { readonly f: (json: unknown) => unknown }
  ResetBefore: {}
  ResetAfter: {}
  Hang: {}
  Redirect: { readonly location: string }
}>

const fault = Data.taggedEnum<Fault>()

/**
 * Handled on arrival, answered later: a token minted behind it lives from its arrival, and a caller
 * that gives up waiting has spent what it sent.
 *
 * @since 0.1.0
 * @category constructors
 */
export const Latency = fault.Latency

/**
 * Not handled: answers with this status, no body unless one is given, and `application/json` unless
 * another `contentType` is. `headers` win over everything, `date` included.
 *
 * @since 0.1.0
 * @category constructors
 */
export const Status = fault.Status

/**
 * Not handled: a 200 with a page of HTML, as captive portals and misrouted proxies send it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const Html = fault.Html

/**
 * Handled, then answered with this status: some gateways have 200 for everything.
 *
 * @since 0.1.0
 * @category constructors
 */
export const WithStatus = fault.WithStatus

/**
 * Handled, then the body is cut in half. Its `content-length` is that of the half: the answer is
 * whole HTTP and broken JSON.
 *
 * @since 0.1.0
 * @category constructors
 */
export const Truncated = fault.Truncated

/**
 * Handled, then the body is left out.
 *
 * @since 0.1.0
 * @category constructors
 */
export const EmptyBody = fault.EmptyBody

/**
 * Not handled: answers with this body, with 200 and `application/json` unless told otherwise.
 *
 * @since 0.1.0
 * @category constructors
 */
export const Body = fault.Body

/**
 * Not handled: a 200 with so many bytes of one JSON string, for readers that must not swallow all.
 *
 * @since 0.1.0
 * @category constructors
 */
export const HugeBody = fault.HugeBody

/**
 * Handled, then the JSON of the answer is changed: wrong types, missing fields, bad lifetimes. What
 * JSON cannot say, such as `undefined`, becomes an empty body.
 *
 * @since 0.1.0
 * @category constructors
 */
export const Patch = fault.Patch

/**
 * The connection is dropped before the request is handled: nothing minted, nothing spent.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ResetBefore = fault.ResetBefore

/**
 * Handled, and then the connection is dropped: the token is minted or spent, and the caller does
 * not know it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ResetAfter = fault.ResetAfter

/**
 * Not handled, and never answered: ends when the caller gives up or the server closes.
 *
 * @since 0.1.0
 * @category constructors
 */
export const Hang = fault.Hang

/**
 * Not handled: a 302 to this location.
 *
 * @since 0.1.0
 * @category constructors
 */
export const Redirect = fault.Redirect

/**
 * Folds a fault, one case per tag.
 *
 * @since 0.1.0
 * @category pattern matching
 */
export const match = fault.$match
