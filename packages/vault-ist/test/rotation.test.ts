import { rotation } from "./support/rotation.ts"

rotation(20)
