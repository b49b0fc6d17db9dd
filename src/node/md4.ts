/** MD4, which NTLM is made of: OpenSSL 3 has it among its legacy code only, and Node does not load that. */
import library from 'js-md4'

export const md4 = (bytes: Uint8Array): Uint8Array => new Uint8Array(library.arrayBuffer(bytes))
