export * from './address.ts';
export * from './agent-client.ts';
export * from './agent-errors.ts';
export * from './ids.ts';
export * from './surface-events.ts';
export * from './wire.ts';
