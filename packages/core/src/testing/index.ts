export * from './clock.ts';
export * from './fake-agent.ts';
export * from './fake-messenger.ts';
export * from './fake-surface.ts';
export * from './memory-store.ts';
export * from './messenger-model.ts';
export * from './system.ts';
