const unreachable =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|UND_ERR_CONNECT_TIMEOUT)\b/

const again = "then run: npm run bootstrap"

/** The line that stands last when an install failed, given what npm and pnpm printed. */
export const explainInstall = (output) => {
  const network = unreachable.exec(output)
  if (network !== null) {
    return `bootstrap: the package registry cannot be reached (${network[1]}). Connect to the network, or set the registry or the proxy in npm's configuration, ${again}`
  }
  if (/\b(EACCES|EPERM)\b/.test(output)) {
    return `bootstrap: files here belong to another user. Remove node_modules, or work in a copy of your own, ${again}`
  }
  if (/ERR_PNPM_OUTDATED_LOCKFILE/.test(output)) {
    return "bootstrap: a package.json has changed and pnpm-lock.yaml has not. Run: npx pnpm install"
  }
  return `bootstrap: the install failed, for the reason above. Mend it, ${again}`
}
