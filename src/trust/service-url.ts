/** URLs of services, as signing configs carry them. */

/** Longest URL that is taken, in characters. */
const MAX_URL_LENGTH = 2_048;

/**
 * Returns why `text` cannot be the URL of a service, to which clients append paths; undefined when it can. Clients
 * compare such URLs as texts, so they are kept as given.
 */
export function serviceUrlProblem(text: string): string | undefined {
  if (text.length > MAX_URL_LENGTH) return `has more than ${MAX_URL_LENGTH} characters`;
  if (!/^https?:\/\/[^\s]+$/.test(text) || !URL.canParse(text)) {
    return 'must be a URL that begins with https:// or http://';
  }
  const { username, password } = new URL(text);
  if (username !== '' || password !== '') return 'must not carry a user name or password';
  if (/[?#]/.test(text)) return 'must have no query and no fragment';
  return undefined;
}

/** Returns a base URL without its final slashes. */
export function withoutFinalSlash(url: string): string {
  let end = url.length;
  while (url[end - 1] === '/') end--;
  return url.slice(0, end);
}

/** Returns the host of a URL, without port, in lower case. */
export function hostOf(url: string): string {
  return new URL(url).hostname;
}
