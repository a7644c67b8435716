/** A browser's storage for tests: what is kept are its enumerable keys, in no order that one could rely on. */
export function storage(): Storage {
  const methods = {
    getItem(this: Record<string, string>, key: string) {
      return this[key] ?? null;
    },
    setItem(this: Record<string, string>, key: string, value: string) {
      this[key] = value;
    },
    removeItem(this: Record<string, string>, key: string) {
      delete this[key];
    },
  };
  return new Proxy(Object.create(methods), {
    ownKeys: (target) => Reflect.ownKeys(target).reverse(),
  });
}
