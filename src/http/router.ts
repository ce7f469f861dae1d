/**
 * Which route a request belongs to, as recorded. Letter case matters, escapes are not decoded, the path has been
 * cleaned before.
 *
 * In scope: matching, and the methods of a path for a 405. Out of scope: gates (exchange.ts).
 */

import { cleanPath, decodeSegment, type RequestTarget } from './request-target.js';
import type { Page, Route, RouteTable } from './route.js';

/** What a request was matched to. */
export type RouteMatch =
  | { readonly kind: 'page'; readonly page: Page }
  | {
      readonly kind: 'route';
      readonly route: Route;
      readonly parameters: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'method-not-allowed'; readonly allowed: readonly string[] }
  | { readonly kind: 'not-found' };

/** Finds routes. */
export interface Router {
  match(method: string, target: RequestTarget): RouteMatch;
}

/** Returns a router over `table`; a template without parameters wins over one with them. */
export function createRouter(table: RouteTable): Router {
  const literal = new Map<string, Map<string, Route>>();
  const templates: Template[] = [];
  for (const route of table.routes) {
    if (route.path.includes('{')) templates.push(templateOf(route));
    else {
      const methods = literal.get(route.path) ?? new Map<string, Route>();
      literal.set(route.path, methods.set(route.method, route));
    }
  }
  return {
    match(method, target) {
      const page = table.pages.find((candidate) => isPageOf(candidate, method, target));
      if (page !== undefined) return { kind: 'page', page };
      const found = literal.get(target.cleanPath)?.get(method);
      if (found !== undefined) return { kind: 'route', route: found, parameters: NO_PARAMETERS };
      const allowed = [...(literal.get(target.cleanPath)?.keys() ?? [])];
      for (const template of templates) {
        const parameters = parametersOf(template, target.cleanPath);
        if (parameters === undefined) continue;
        if (template.route.method === method) {
          return { kind: 'route', route: template.route, parameters };
        }
        allowed.push(template.route.method);
      }
      if (allowed.length === 0) return { kind: 'not-found' };
      return { kind: 'method-not-allowed', allowed: [...new Set(allowed)].sort() };
    },
  };
}

interface Template {
  readonly route: Route;
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

const NO_PARAMETERS: Readonly<Record<string, string>> = {};

function templateOf(route: Route): Template {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as string);
  return { route, names, pattern: new RegExp(`^${route.path.replace(/\{\w+\}/g, '([^/]+)')}$`) };
}

function parametersOf(
  template: Template,
  path: string,
): Readonly<Record<string, string>> | undefined {
  const match = template.pattern.exec(path);
  if (match === null) return undefined;
  return Object.fromEntries(
    template.names.map((name, i) => [name, decodeSegment(match[i + 1] as string)]),
  );
}

function isPageOf(page: Page, method: string, target: RequestTarget): boolean {
  if (page.methods !== undefined && !page.methods.includes(method)) return false;
  switch (page.match) {
    case 'exact':
      return target.path === page.path;
    case 'any-case':
      return target.path.length === page.path.length && target.path.toLowerCase() === page.path;
    case 'cleaned':
      return cleanDecodedPath(target) === page.path;
  }
}

/** Pages are compared decoded, routes are not: `/doc%73` is a page, `/api/v1/lo%67` is no route. */
function cleanDecodedPath({ path, escapedPath, cleanPath: clean }: RequestTarget): string {
  return path === escapedPath ? clean : cleanPath(path);
}
