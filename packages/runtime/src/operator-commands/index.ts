export type { CommandWorld } from './command.ts';
export { deadLettersCommand } from './dead-letters-command.ts';
export { personCommand } from './person-command.ts';
