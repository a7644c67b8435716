/** How an app brings a surface in: its settings, its secrets, and how the adapter is made of them. */
import type { Agents, Clock, Files, Logger, Metrics, Store, SurfaceAdapter } from '@surfaces/core';
import type { Locale } from '@surfaces/protocol';
import type { z } from 'zod';
import type { Settings } from './settings.ts';

/** What an adapter may need of the system. */
export interface Parts {
  readonly store: Store;
  readonly agents: Agents;
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly defaultLocale: Locale;
  readonly scrub: (text: string) => string;
}

export interface SurfaceDefinition {
  readonly name: string;
  /** `undefined` when its settings are wrong; `settings.problems` says what. */
  configure(settings: Settings): ConfiguredSurface | undefined;
}

export interface ConfiguredSurface {
  readonly name: string;
  readonly secrets: readonly string[];
  create(parts: Parts): { readonly adapter: SurfaceAdapter; address(): string | undefined };
}

export interface SurfaceSpec<S extends z.ZodObject, A extends SurfaceAdapter> {
  readonly name: string;
  readonly schema: S;
  /** The environment variable of each key of the schema that can be set by one. */
  readonly variables: { readonly [K in keyof z.input<S>]?: string };
  /** Those whose values are never shown. */
  readonly secretVariables?: readonly string[];
  readonly secrets?: (config: z.output<S>) => readonly string[];
  create(config: z.output<S>, parts: Parts): A;
  /** Where a person opens the started surface, if it has such a place. */
  readonly address?: (adapter: A) => string;
}

export function defineSurface<S extends z.ZodObject, A extends SurfaceAdapter>(
  spec: SurfaceSpec<S, A>,
): SurfaceDefinition {
  return {
    name: spec.name,
    configure(settings) {
      const config = settings.read(spec.schema, spec.variables, spec.secretVariables);
      if (config === undefined) return undefined;
      return {
        name: spec.name,
        secrets: spec.secrets?.(config) ?? [],
        create(parts) {
          const adapter = spec.create(config, parts);
          return { adapter, address: () => spec.address?.(adapter) };
        },
      };
    },
  };
}
