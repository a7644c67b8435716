export { type LivePart, liveOrSkip } from './live/live.ts';
export { type PostgresDatabase, type PostgresServer, startPostgres } from './live/postgres.ts';
export { surfaceAdapterSuite } from './surface/suite.ts';
export type { Person, Seen, SurfaceFactory, SurfaceUnderTest } from './surface/world.ts';
