/** How the registry names a person: `surface:id`, or a bare Matrix id. */
import { ExternalId, SurfaceId } from '@surfaces/protocol';
import { closest } from './closest.ts';

export interface Identity {
  readonly surface: SurfaceId;
  readonly externalId: ExternalId;
}

const SURFACES = ['web', 'matrix', 'telegram', 'discord', 'terminal'];
const MATRIX_ID = /^@[^\s:]+:[^\s]+$/;

/** A text that is none comes back as the words that say why. */
export function parseIdentity(text: string): Identity | { readonly problem: string } {
  if (text.startsWith('@')) {
    return MATRIX_ID.test(text)
      ? { surface: SurfaceId.parse('matrix'), externalId: ExternalId.parse(text) }
      : { problem: 'this is no Matrix id: expected @name:server' };
  }
  const colon = text.indexOf(':');
  if (colon < 0) {
    const guess = /^\d+$/.test(text) ? `"telegram:${text}" or "discord:${text}"` : `"web:${text}"`;
    return { problem: `which surface? Expected surface:id, such as ${guess}` };
  }
  const prefix = text.slice(0, colon);
  const surface = SurfaceId.safeParse(prefix);
  if (!surface.success) {
    const hint = closest(prefix.toLowerCase(), SURFACES);
    return {
      problem: `"${prefix}" is no surface${hint === undefined ? '' : `: did you mean "${hint}"?`} Expected surface:id, such as telegram:123456`,
    };
  }
  const externalId = ExternalId.safeParse(text.slice(colon + 1));
  if (!externalId.success || /^\s|\s$/.test(externalId.data)) {
    return { problem: 'expected an id of 1 to 255 characters behind the colon' };
  }
  if (surface.data === 'matrix' && !MATRIX_ID.test(externalId.data)) {
    return { problem: 'expected a Matrix id, @name:server, behind the colon' };
  }
  return { surface: surface.data, externalId: externalId.data };
}

/** A surface that is not ours may be somebody's own; one that nearly is ours is a slip. */
export function doubtfulSurface(surface: string): string | undefined {
  return SURFACES.includes(surface) ? undefined : closest(surface, SURFACES);
}

export function identityKey(surface: string, externalId: string): string {
  return `${surface}:${externalId}`;
}
