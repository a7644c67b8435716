/**
 * Text that PostgreSQL takes: it refuses NUL, and what is no Unicode. Texts of people are cleaned at
 * the edge; this is for everything else (names that an agent made, errors of others).
 */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

/** A parameter of a function: text, a list of texts, or neither. */
export function storableValue(value: unknown): unknown {
  if (typeof value === 'string') return storable(value);
  return Array.isArray(value) ? value.map(storableValue) : value;
}
