// Installs what the workspace needs, unless it is there. Run by `npm run demo`, `npm test` and others before they
// start, and by hand as `npm run bootstrap`.
// oxlint-disable-next-line import/no-unassigned-import -- it ends the process where it must, and has nothing to give
import "./support/requireNode.mjs"

// Not a static import: it would be read, and might not be understood, before the version of Node was looked at.
void import("./support/bootstrap.mjs").then(({ bootstrap }) => bootstrap())
