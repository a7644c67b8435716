import { Locale } from '@surfaces/protocol';
import { z } from 'zod';
import { normalHost } from './hosts.ts';

/** A name of a person becomes part of addresses and event ids. */
const PersonName = z
  .string()
  .regex(/^[^\s:,/\p{C}]{1,64}$/u, 'a name is 1 to 64 characters without spaces, colons, commas or slashes')
  .refine((name) => !name.startsWith('key-'), 'names beginning with "key-" stand for keys without a name');

export const AccessKey = z.object({
  /** Who it is. Without a name the person is known by a digest of the key. */
  name: PersonName.optional(),
  key: z.string().min(1).max(1024),
});
export type AccessKey = z.infer<typeof AccessKey>;

/** The environment's form: `name:key,name2:key2`, or keys alone. */
const AccessKeyList = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const colon = part.indexOf(':');
      return colon === -1
        ? { key: part }
        : { name: part.slice(0, colon).trim(), key: part.slice(colon + 1).trim() };
    }),
);

const HostList = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

/** What the web surface can be told. Lists may be given as one text with commas. */
export const WebAdapterConfig = z.object({
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe(
      'The address to listen on. On any but a loopback address, and for requests that come through a proxy, access keys are needed.',
    ),
  port: z.coerce
    .number()
    .int()
    .min(0)
    .max(65535)
    .default(8080)
    .describe('The port; 0: any free one, it is printed.'),
  accessKeys: z
    .union([AccessKeyList, z.array(AccessKey)])
    .pipe(z.array(AccessKey))
    .refine(
      (keys) => new Set(keys.map((key) => key.key)).size === keys.length,
      'the same key is there twice; one key is one person',
    )
    .refine((keys) => {
      const names = keys.flatMap((key) => key.name ?? []);
      return new Set(names).size === names.length;
    }, 'the same name is there twice; one key is one person')
    .default([])
    .describe(
      '`name:key` with commas between; one key is one person. The name `local` is whoever sits at this machine. An entry without a colon is a key: its holder is known as `web:key-` and 16 digits of its SHA-256, and is somebody else when the key changes.',
    ),
  allowedHosts: z
    .union([HostList, z.array(z.string())])
    .pipe(z.array(z.string().refine((host) => normalHost(host) !== undefined, 'not a host name')))
    .default([])
    .describe(
      'Host names under which the page may be asked for, with commas, besides localhost, IP addresses and `WEB_HOST`.',
    ),
  /** For people whose browser names no language that we speak. */
  defaultLocale: Locale.default('en'),
});
export type WebAdapterConfig = z.infer<typeof WebAdapterConfig>;
