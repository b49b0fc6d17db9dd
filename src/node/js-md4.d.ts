/** The part of js-md4 that is used; the package has no types of its own. */
declare module 'js-md4' {
  const md4: { readonly arrayBuffer: (message: Uint8Array) => ArrayBuffer }
  export default md4
}
