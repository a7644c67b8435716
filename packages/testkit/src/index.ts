export * from './store/suite.ts';
