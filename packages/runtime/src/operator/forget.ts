/** The deletion of a person, with what it does not reach. */
import type { Agents, Core, Store } from '@surfaces/core';
import type { PersonId } from '@surfaces/protocol';
import type { AgentRegistry } from '../registry/index.ts';
import type { Forgotten } from './messages.ts';

export async function forget(
  {
    core,
    store,
    agents,
  }: {
    readonly core: Pick<Core, 'forget'>;
    readonly store: Pick<Store, 'findPersons' | 'chatsOf'>;
    readonly agents: Pick<Agents, 'assign' | 'info'> & Pick<AgentRegistry, 'workspace'>;
  },
  person: PersonId,
): Promise<Forgotten> {
  const [found] = await store.findPersons({ id: person, limit: 1 });
  const identities = found?.identities ?? [];
  const served = identities.flatMap(
    ({ surface, externalId }) => agents.assign(surface, externalId)?.choices ?? [],
  );
  const talked = (await store.chatsOf(person)).map(({ chat }) => chat.agentId);
  const stays = [...new Set([...served, ...talked])].flatMap((agentId) => {
    const workspace = agents.workspace(agentId);
    if (workspace !== undefined) return workspace.shared ? [] : [{ agentId, path: workspace.path }];
    return agents.info(agentId) === undefined ? [{ agentId }] : [];
  });
  return { left: [...(await core.forget(person))], stays };
}
