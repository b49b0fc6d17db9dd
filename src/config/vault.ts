/**
 * Where key bytes are. A configuration holds handles (`key:1`), which may be printed, logged and sent; the bytes come
 * out through `open` alone and show in no JSON, no string and no inspector.
 */
export class Vault {
  readonly #keys: Uint8Array[] = []

  /** Keeps the bytes and returns their handle. The vault owns them from now on. */
  add(bytes: Uint8Array): string {
    return `key:${this.#keys.push(bytes)}`
  }

  /** The bytes behind a handle; `undefined` when it is not one of this vault. */
  open(handle: string): Uint8Array | undefined {
    const [, number] = HANDLE.exec(handle) ?? []
    return number === undefined ? undefined : this.#keys[Number(number) - 1]
  }

  toJSON(): string {
    return '[redacted]'
  }

  toString(): string {
    return '[redacted]'
  }

  // What Node's `console.log` and `util.inspect` ask; private fields would not show anyway, this says why.
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return 'Vault [redacted]'
  }
}

/** Whether a text may stand for bytes in a vault. */
export const isHandle = (text: string): boolean => HANDLE.test(text)

const HANDLE = /^key:([1-9]\d*)$/
