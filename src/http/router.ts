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
      for (const method of methodsOf(route)) methods.set(method, route);
      literal.set(route.path, methods);
    }
  }
  const literalAt = (method: string, target: RequestTarget): Route | undefined => {
    const found = literal.get(target.cleanPath)?.get(method);
    return found !== undefined && isWrittenSo(found, target) ? found : undefined;
  };
  return {
    match(method, target) {
      const page = table.pages.find((candidate) => isPageOf(candidate, method, target));
      if (page !== undefined) return { kind: 'page', page };
      const found = literalAt(method, target);
      if (found !== undefined) return { kind: 'route', route: found, parameters: NO_PARAMETERS };
      const others = literal.get(target.cleanPath)?.keys() ?? [];
      const allowed = [...others].filter((other) => literalAt(other, target) !== undefined);
      for (const template of templates) {
        const { route } = template;
        // Most templates are of another family of paths: a pattern costs more than a look at its beginning.
        if (!target.cleanPath.startsWith(template.start)) continue;
        const parameters = parametersOf(template, target);
        if (parameters === undefined) continue;
        if (methodsOf(route).includes(method)) return { kind: 'route', route, parameters };
        allowed.push(...methodsOf(route));
      }
      if (allowed.length === 0) return { kind: 'not-found' };
      return { kind: 'method-not-allowed', allowed: [...new Set(allowed)].sort() };
    },
  };
}

interface Template {
  readonly route: Route;
  /** What stands before the first parameter. */
  readonly start: string;
  readonly pattern: RegExp;
  readonly names: readonly string[];
}

const NO_PARAMETERS: Readonly<Record<string, string>> = {};

const GET_AND_HEAD: readonly string[] = ['GET', 'HEAD'];

function methodsOf({ method, head }: Route): readonly string[] {
  return head === true ? GET_AND_HEAD : [method];
}

/** Returns the pattern of a template; `one` and `rest` stand for a parameter of a segment and of all that is left. */
export function templatePattern(path: string, one: string, rest: string): RegExp {
  const source = path.replace(PARAMETER, (_, __, plus: string) => (plus === '' ? one : rest));
  return new RegExp(`^${source}$`);
}

const PARAMETER = /\{(\w+)(\+?)\}/g;

function templateOf(route: Route): Template {
  const names = [...route.path.matchAll(PARAMETER)].map((match) => match[1] as string);
  const start = route.path.slice(0, route.path.indexOf('{'));
  return { route, names, start, pattern: templatePattern(route.path, '([^/]+)', '(.+)') };
}

function isWrittenSo({ exact }: Route, { escapedPath, cleanPath: clean }: RequestTarget): boolean {
  return exact !== true || (escapedPath === clean && !escapedPath.includes('%'));
}

function parametersOf(
  template: Template,
  target: RequestTarget,
): Readonly<Record<string, string>> | undefined {
  const match = template.pattern.exec(target.cleanPath);
  if (match === null || !isWrittenSo(template.route, target)) return undefined;
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
