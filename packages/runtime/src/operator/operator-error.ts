const brand = '@surfaces/operator-error';

/** Why an operator's wish was not done, in words for the operator. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  readonly [brand] = true;
}

export function isOperatorError(error: unknown): error is OperatorError {
  return typeof error === 'object' && error !== null && brand in error;
}
