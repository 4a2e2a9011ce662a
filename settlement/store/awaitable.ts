/** What a database in this process answers at once and another one later, read the same way. */
export type Awaitable<T> = T | Promise<T>;

/**
 * Goes on with a value, at once if it is there: a transaction in this process must not let go of its turn.
 */
export function follow<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
