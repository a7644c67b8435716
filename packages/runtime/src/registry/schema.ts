/** The form of `agents.yaml`. The descriptions are the reference in docs/configuration.md. */
import { AgentId } from '@surfaces/protocol';
import { agentUrl } from '@surfaces/sdk';
import { z } from 'zod';

const Id = z
  .string()
  .regex(/^[\w.-]{1,128}$/, 'expected letters, digits, dots, dashes and underscores, at most 128')
  .pipe(AgentId);

const BaseUrl = z.string().superRefine((text, context) => {
  try {
    agentUrl(text, '0');
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'not a URL' });
  }
});

const Path = z
  .string()
  .min(1, 'expected a path')
  .refine((path) => !path.includes('\0'), 'expected a path');

const Auth = z
  .strictObject({
    bearer_env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected the name of an environment variable, not the key itself')
      .optional()
      .describe(
        'The environment variable that has the key. It is sent as `Authorization: Bearer …`. The key itself never stands in this file.',
      ),
    ca: Path.optional().describe(
      'A file with the certificates (PEM) of the authority that signed the agent’s, where it is a private one. Paths are relative to this file.',
    ),
    cert: Path.optional().describe(
      'Mutual TLS: a file with our certificate and its chain (PEM). With `key`.',
    ),
    key: Path.optional().describe('Mutual TLS: a file with the private key of `cert` (PEM, not encrypted).'),
  })
  .describe('What the agent wants from its callers.');

const Agent = z.strictObject({
  id: Id.describe('Names it in this file, in logs and in metrics. Chats remember it.'),
  label: z
    .string()
    .trim()
    .min(1, 'expected a name')
    .max(64, 'expected at most 64 characters')
    .regex(/^[^\p{Cc}]*$/u, 'expected one line')
    .optional()
    .describe('What people call it. Default: its id.'),
  base_url: BaseUrl.describe(
    'http, https, ws or wss, with or without a path. A user name and password in it become basic authentication.',
  ),
  workspace_path: Path.optional().describe(
    'Where the directory that the agent works in is mounted here; relative to this file. Without it no files can be exchanged with the agent.',
  ),
  auth: Auth.optional().describe('What the agent wants from its callers.'),
});
export type AgentEntry = z.output<typeof Agent>;

export const RegistryFile = z.strictObject({
  default_agent: z
    .string()
    .optional()
    .describe('Serves everybody who is not in `user_agents`. Without it they are refused.'),
  user_agents: z
    .record(z.string(), z.union([z.string(), z.array(z.string()).min(1)]))
    .optional()
    .describe(
      'Who is served by which agents: one id, or a list whose first is the default among which `agent` lets the person choose. A person is `surface:id`, such as `telegram:123456`; a Matrix id may stand alone.',
    ),
  agents: z
    .array(Agent)
    .min(1, 'expected at least one agent')
    .describe('The agents, in the order in which they are listed to people.'),
});
export type RegistryFile = z.output<typeof RegistryFile>;
