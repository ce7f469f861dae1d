/**
 * What a signed JAR says about the package that it is: search terms from the main attributes of its manifest, and
 * from the one pom.properties that Maven leaves in it.
 *
 * In scope: facts that the signature covers. Out of scope: whether they are true.
 */

import { Buffer } from 'node:buffer';
import type { SearchTerm } from '../entry-kind.js';
import { octetsToText } from './manifest.js';
import type { VerifiedJar } from './verify-jar.js';

/** Returns the terms of the package in `jar`; none when nothing names it. */
export async function jarPackageTerms(jar: VerifiedJar): Promise<SearchTerm[]> {
  const { main } = jar.manifest;
  const names = [
    main.get('Implementation-Title'),
    main.get('Bundle-Symbolicname')?.split(';')[0]?.trim(),
    main.get('Automatic-Module-Name'),
  ].filter((name) => name !== undefined && name !== '');
  const titles = names.map((name) => nameTerm(octetsToText(name as string)));
  return [...titles, ...(await mavenTerms(jar))];
}

const POM_PROPERTIES = /^META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/;
const MAX_POM_LENGTH = 65_536n;
const COORDINATE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** A jar with several of them has other packages inside: none of those is what the jar is. */
async function mavenTerms({ manifest, members }: VerifiedJar): Promise<SearchTerm[]> {
  const [name, ...more] = [...manifest.sections.keys()].filter((path) => POM_PROPERTIES.test(path));
  const member = name === undefined || more.length > 0 ? undefined : members.find(name);
  if (member === undefined || member.size > MAX_POM_LENGTH) return [];
  const properties = readProperties(
    Buffer.from(await members.contentOf(member)).toString('latin1'),
  );
  const [group, artifact, version] = ['groupId', 'artifactId', 'version'].map((key) => {
    const value = properties.get(key) ?? '';
    return COORDINATE.test(value) ? value : undefined;
  });
  if (group === undefined || artifact === undefined) return [];
  const url = `pkg:maven/${group}/${artifact}`;
  return [
    nameTerm(`${group}:${artifact}`),
    { field: 'package', value: url },
    ...(version === undefined ? [] : [{ field: 'package', value: `${url}@${version}` } as const]),
  ];
}

function readProperties(text: string): ReadonlyMap<string, string> {
  const lines = text.split(/\r?\n/).filter((line) => line.includes('='));
  return new Map(
    lines.map((line) => {
      const equals = line.indexOf('=');
      return [line.slice(0, equals).trim(), line.slice(equals + 1).trim()];
    }),
  );
}

function nameTerm(value: string): SearchTerm {
  return { field: 'subject-name', value };
}
