/** The web surface as an app brings it in: what it is told by which environment variable. */
import type { Agents, Clock, Files, Logger, Store } from '@surfaces/core';
import type { Locale } from '@surfaces/protocol';
import { createWebAdapter, type WebAdapter } from './adapter.ts';
import { WebAdapterConfig } from './config.ts';

export const webSurface = {
  name: 'web',
  schema: WebAdapterConfig,
  variables: {
    host: 'WEB_HOST',
    port: 'WEB_PORT',
    accessKeys: 'WEB_ACCESS_KEYS',
    allowedHosts: 'WEB_ALLOWED_HOSTS',
  },
  secretVariables: ['WEB_ACCESS_KEYS'],
  secrets: ({ accessKeys }: WebAdapterConfig): readonly string[] => accessKeys.map(({ key }) => key),
  create: (
    config: WebAdapterConfig,
    parts: {
      readonly store: Pick<Store, 'timeline' | 'identify' | 'chatsOf'>;
      readonly agents: Pick<Agents, 'assign' | 'info'>;
      readonly files: Files;
      readonly clock: Clock;
      readonly logger: Logger;
      readonly defaultLocale: Locale;
    },
  ): WebAdapter =>
    createWebAdapter({
      ...config,
      timeline: parts.store.timeline,
      people: parts.store,
      agents: parts.agents,
      files: parts.files,
      clock: parts.clock,
      logger: parts.logger,
      defaultLocale: parts.defaultLocale,
    }),
  address: (adapter: WebAdapter): string => adapter.place,
};
