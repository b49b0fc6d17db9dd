/** An OpenVPN static key whose every byte is `byte`: good for tests and for nothing else. */
export function fakeStaticKey(byte: number): string {
  const row = byte.toString(16).padStart(2, '0').repeat(16)
  return `-----BEGIN OpenVPN Static key V1-----\n${`${row}\n`.repeat(16)}-----END OpenVPN Static key V1-----\n`
}
