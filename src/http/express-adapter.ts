/**
 * The route table mounted in express 5. Express does the matching of templates, on the cleaned path; the
 * gates and the writing are those of the exchange, so that no answer differs from the fast adapter's.
 */

import type { IncomingMessage, RequestListener } from 'node:http';
import express, { type Request, type RequestHandler, type Response } from 'express';
import { type Exchange, type MatchedRequest, matchRequest } from './exchange.js';
import type { Route, RouteTable } from './route.js';
import { templatePattern } from './router.js';

/** Returns an express application that answers everything in `table`. */
export function expressAdapter(table: RouteTable, exchange: Exchange): RequestListener {
  const app = express();
  // Where each request under way belongs, found once, before express routes it.
  const places: Places = new WeakMap();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.use(readTarget(exchange, places));
  // A template without parameters must be asked before one with them: `retrieve` is no entry ID.
  const routes = [...table.routes].sort((a, b) => parameterCount(a) - parameterCount(b));
  for (const entry of routes) app.all(pathPattern(entry), serveRoute(entry, exchange, places));
  app.use((request: Request, response: Response) => {
    serveMatched(request, response, exchange, places);
  });
  return app;
}

type Places = WeakMap<IncomingMessage, MatchedRequest>;

function parameterCount(route: Route): number {
  return route.path.split('{').length - 1;
}

/** A pattern without groups: express would decode a group, and refuse what is not UTF-8. */
function pathPattern(route: Route): RegExp {
  return templatePattern(route.path, '[^/]+', '.+');
}

function readTarget(exchange: Exchange, places: Places): RequestHandler {
  return (request, _response, next) => {
    const matched = matchRequest(exchange.router, request, request.originalUrl);
    places.set(request, matched);
    // An absolute target may be without a path; express answers an empty one by itself.
    if (matched.kind === 'matched') request.url = matched.target.cleanPath || '/';
    next();
  };
}

function serveRoute(route: Route, exchange: Exchange, places: Places): RequestHandler {
  return (request, response, next) => {
    const matched = places.get(request);
    const isOurs =
      matched?.kind === 'matched' &&
      matched.match.kind === 'route' &&
      matched.match.route === route;
    if (isOurs) serveMatched(request, response, exchange, places);
    else next();
  };
}

function serveMatched(
  request: Request,
  response: Response,
  exchange: Exchange,
  places: Places,
): void {
  const matched = places.get(request) ?? { kind: 'bad-target' };
  void exchange.serve(request, response, matched);
}
