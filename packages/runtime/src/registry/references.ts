/**
 * What refers to what in a registry file: ids that are there twice, that are not there, people who are
 * none. Looks at whatever can be read, so that a slip elsewhere in the file hides none of it.
 */
import type { AgentId } from '@surfaces/protocol';
import { closest } from './closest.ts';
import { valueAt } from './form.ts';
import { doubtfulSurface, identityKey, parseIdentity } from './identity.ts';
import type { Problem, YamlText } from './places.ts';

export interface References {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Of every listed person (`identityKey`), the first is the default. */
  readonly people: ReadonlyMap<string, readonly AgentId[]>;
}

export function checkReferences(text: YamlText, value: unknown): References {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const ids = new Set<string>();
  const agents = valueAt(value, ['agents']);
  if (Array.isArray(agents)) {
    agents.forEach((_, i) => {
      const id = valueAt(agents, [i, 'id']);
      if (typeof id !== 'string') return;
      if (ids.has(id))
        problems.push(text.problem(['agents', i, 'id'], `"${id}" is the id of another agent already`));
      ids.add(id);
    });
  }
  const refer = (path: readonly (string | number)[], id: unknown) => {
    if (typeof id !== 'string' || ids.has(id)) return;
    const hint = closest(id, ids);
    const message = `there is no agent "${id}"${hint === undefined ? '' : `: did you mean "${hint}"?`}`;
    problems.push(text.problem(path, message));
  };
  refer(['default_agent'], valueAt(value, ['default_agent']));

  const people = new Map<string, readonly AgentId[]>();
  const users = valueAt(value, ['user_agents']);
  const isMap = typeof users === 'object' && users !== null && !Array.isArray(users);
  for (const [name, given] of Object.entries(isMap ? users : {})) {
    const path = ['user_agents', name];
    const choices: unknown[] = Array.isArray(given) ? given : [given];
    choices.forEach((id, i) => {
      const place = Array.isArray(given) ? [...path, i] : path;
      refer(place, id);
      if (choices.indexOf(id) < i) problems.push(text.problem(place, `"${id}" is in this list already`));
    });
    const identity = parseIdentity(name);
    if ('problem' in identity) {
      problems.push(text.problem(path, identity.problem));
      continue;
    }
    const hint = doubtfulSurface(identity.surface);
    if (hint !== undefined) {
      warnings.push(
        text.problem(path, `the surface "${identity.surface}" is not one of ours: did you mean "${hint}"?`),
      );
    }
    const key = identityKey(identity.surface, identity.externalId);
    if (people.has(key))
      problems.push(text.problem(path, `${key} is listed already, written in another way`));
    // Used only when the file has no problem; then each is the id of an agent.
    people.set(key, choices as AgentId[]);
  }
  if (people.size === 0 && valueAt(value, ['default_agent']) === undefined) {
    warnings.push(text.problem([], 'nobody is served: there is neither user_agents nor default_agent'));
  }
  return { problems, warnings, people };
}
