/** Where the login leads back to. No imports: the login page uses it too. */

/** The page to open after the login; `/` for anything that is not a path on this server. */
export function nextPathOf(given: string | null | undefined): string {
  // A browser reads backslashes as slashes and drops tabs and line ends, so `/\t/evil.com` would leave this site.
  const isOwnPath = /^\/(?![/\\])[^\\\p{Cc}]*$/u.test(given ?? '');
  return given && isOwnPath ? given : '/';
}
