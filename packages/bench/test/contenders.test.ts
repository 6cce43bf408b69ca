import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { contenders } from "../src/contenders.ts"
import { startServer, type Server } from "../src/processes.ts"
import { inProcess, openRealm } from "../src/target.ts"

describe("contenders", () => {
  let server: Server
  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(() => server.stop())

  for (const contender of contenders) {
    it(`${contender.name} answers in this process`, async () => {
      const session = await contender.open(inProcess)
      await session.sequence(3)
      assert.strictEqual(await session.call({ id: "one" }), 200)
      await session.close()
    })

    it(`${contender.name} gets a token over loopback and keeps it`, async () => {
      const realm = await openRealm(server.url, {})
      const session = await contender.open(realm.target)
      assert.strictEqual(await session.call({ id: "first" }), 200)
      const statuses = await Promise.all([session.call({ id: "a" }), session.call({ id: "b" })])
      assert.deepStrictEqual(statuses, [200, 200])
      await session.sequence(2)
      await session.close()
      const ledger = await realm.drop()
      assert.isAtMost(ledger.mints, contender.name.startsWith("static") ? 0 : 1)
      assert.strictEqual(ledger.calls - ledger.rejected, 5)
    })

    it.runIf(contender.rotates)(`${contender.name} lives on a rotating refresh token`, async () => {
      const realm = await openRealm(server.url, { rotates: true })
      const session = await contender.open(realm.target)
      assert.strictEqual(await session.call(), 200)
      assert.strictEqual(await session.call(), 200)
      await session.close()
      const { mints, reuses } = await realm.drop()
      assert.deepStrictEqual({ mints, reuses }, { mints: 1, reuses: 0 })
    })
  }
})
