/** What is known of a machine that lacks a server. */
export interface Machine {
  readonly platform: NodeJS.Platform
  /** Whether `apt-get` is there: Debian, or what is made of it. */
  readonly hasApt: boolean
  readonly isRoot: boolean
  /** Whether `sudo` runs a command without asking for a password. */
  readonly hasSudo: boolean
}

/** The variable by which `.ci/run` says that a test over a missing server fails rather than being skipped. */
export const requires = (env: { readonly [name: string]: string | undefined }): boolean =>
  env["LATCHKEY_REQUIRE_SERVERS"] === "true"

/** The commands that install Redis without asking anybody; none where that cannot be done. */
export const redisInstall = ({
  hasApt,
  hasSudo,
  isRoot,
  platform
}: Machine): ReadonlyArray<ReadonlyArray<string>> => {
  if (platform !== "linux" || !hasApt || !(isRoot || hasSudo)) {
    return []
  }
  const asRoot = isRoot ? [] : ["sudo", "-n"]
  return [
    [...asRoot, "apt-get", "update", "-qq"],
    [...asRoot, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "redis-server"]
  ]
}

/** How a person installs Redis. */
export const redisAdvice = ({ hasApt, platform }: Machine): string =>
  platform === "darwin"
    ? "brew install redis"
    : platform === "win32"
      ? "run the tests in WSL, where it is: sudo apt-get install redis-server"
      : hasApt
        ? "sudo apt-get install redis-server"
        : "install the package with redis-server of your system, such as redis or valkey-compat"

/** The line that a run without a server begins and ends with. */
export const skipped = (server: string, reason: string, advice: string): string =>
  `\n!!! ${server.toUpperCase()} IS NOT HERE: its tests are skipped. ${reason} To run them: ${advice}\n`
