import { randomUUID } from 'node:crypto';

/**
 * A new id: 9 characters of time (base 36, milliseconds), then 74 random bits. Ids of the same time
 * are neighbours in an index, so that a commit of many rows writes few pages.
 */
export function newId(): string {
  return `${Date.now().toString(36).padStart(9, '0')}-${randomUUID().slice(0, 23)}`;
}
