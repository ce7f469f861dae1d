/**
 * The route table on bare node:http. Hot routes, unknown paths and wrong methods are answered here, in front of
 * express, which costs five to ten times as much CPU a request.
 */

import type { RequestListener } from 'node:http';
import { type Exchange, type MatchedRequest, matchRequest } from './exchange.js';

/** Returns a listener that answers what is hot or refused itself and hands everything else to `rest`. */
export function fastAdapter(exchange: Exchange, rest: RequestListener): RequestListener {
  return (request, response) => {
    const matched = matchRequest(exchange.router, request, request.url ?? '');
    if (isHot(matched)) void exchange.serve(request, response, matched);
    else rest(request, response);
  };
}

function isHot(matched: MatchedRequest): boolean {
  if (matched.kind !== 'matched') return false;
  const { match } = matched;
  if (match.kind === 'route') return match.route.hot;
  // What is refused must not cost more than what is answered.
  return match.kind !== 'page' || match.page.hot;
}
