// Read by every Node, however old: no syntax and no module that Node 12 does not know.

const numbers = (version) => (version.match(/\d+/g) || []).map(Number)

/** Whether the first version is older; a part that is not named is 0. */
const older = (version, than) => {
  const [left, right] = [numbers(version), numbers(than)]
  for (let i = 0; i < right.length; i++) {
    const difference = (left[i] || 0) - right[i]
    if (difference !== 0) return difference < 0
  }
  return false
}

/** What to tell who runs this version of Node, given `engines.node` as in ">=20.19"; undefined: it will do. */
export const tooOld = (engines, version) => {
  const needed = engines.replace(/^>=\s*/, "")
  return older(version, needed)
    ? `Latchkey needs Node ${needed} or newer, and this is Node ${version.replace(
        /^v/,
        ""
      )}. Install a newer one, then run the same command again.`
    : undefined
}
