export * from './fake-agent.ts';
export * from './fake-messenger.ts';
export * from './fake-surface.ts';
export * from './memory-store.ts';
export * from './system.ts';
