import { agentSuite } from '@surfaces/testkit/agent';
import { harness } from './suite-harness.ts';

agentSuite(harness);
