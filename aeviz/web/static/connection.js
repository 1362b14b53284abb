/** Why this page cannot reach its server, as a sentence for the person who can fix it. */

const DOC = 'docs/deploy.md has the lines for nginx, Caddy and Traefik.';

/**
 * @returns {Promise<{host: string, scheme: string, allowed: boolean, known: boolean} | null>} null: away
 */
export async function arrival() {
  const address = new URL('aeviz/connection', document.baseURI);
  address.searchParams.set('page', location.origin);
  try {
    const answer = await fetch(address, { cache: 'no-store' });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

/**
 * Why the server refuses this page's sockets and uploads; '' if it does not.
 * @param {{host: string, scheme: string, allowed: boolean}} seen
 */
export function refusal({ host, scheme, allowed }) {
  if (allowed) return '';
  if (withoutPort(host) !== location.host) {
    return (
      'A proxy in front of this server changes the address of requests: your browser uses ' +
      `${location.host}, but the server receives ${host}. The proxy must pass on Host unchanged. ${DOC}`
    );
  }
  return (
    `Your browser uses ${location.protocol.replace(':', '')}, but the server receives ${scheme}. ` +
    `The proxy in front of it must send X-Forwarded-Proto. ${DOC}`
  );
}

/** Why the server refuses an upload of this page with 403; '' if unknown. */
export async function whyRefused() {
  const seen = await arrival();
  return seen ? refusal(seen) : '';
}

/** The message if HTTP works and WebSockets do not; null if the server is unreachable. */
export async function whyNoSocket() {
  const seen = await arrival();
  if (!seen) return null;
  return (
    refusal(seen) ||
    'This network blocks WebSockets, which this page needs. Ask for connections to ' +
      `${location.host} to be allowed. This page keeps trying.`
  );
}

/**
 * A host as in `location.host`: without the default port of its scheme.
 * @param {string} host
 */
function withoutPort(host) {
  return host.replace(location.protocol === 'https:' ? /:443$/ : /:80$/, '');
}
