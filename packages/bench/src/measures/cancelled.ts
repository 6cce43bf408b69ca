import { isStatic, isVariant, many, outcomeOf, sleep, type Measure } from "../Measure.ts"
import { openRealm } from "../target.ts"

/** The caller that started the mint gives up; 99 others wait for it. */
export const cancelled: Measure = {
  name: "cancelled",
  title: "the caller that started the mint is cancelled, 99 others wait",
  fits: (contender) => contender.cancels && !isVariant(contender) && !isStatic(contender),
  parallel: 3,
  run: async (contender, { serverUrl }) => {
    const realm = await openRealm(serverUrl, { tokenDelay: 150 })
    const session = await contender.open(realm.target)
    const controller = new AbortController()
    const gaveUpAt = { value: 0 }
    const sentAt = performance.now()
    const first = session.call({ signal: controller.signal }).then(
      () => false,
      () => {
        gaveUpAt.value = performance.now() - sentAt
        return true
      }
    )
    const others = outcomeOf(many(99, () => session.call()))
    await sleep(50)
    controller.abort()
    const { failed } = await others
    const cancelled = await first
    await session.close()
    const { mints } = await realm.drop()
    // At once: not when the token that it no longer wants has come.
    const atOnce = cancelled && gaveUpAt.value < 140
    return { figures: { failed, mints, cancelledAtOnce: atOnce ? 1 : 0 } }
  }
}
