/**
 * What strangers wrote (a resolver, a peer, a configuration), made safe for one line of a terminal or a log.
 */

/** Control characters, bidi marks and line breaks escaped, 256 characters at most (before escaping). */
export function printable(text: string): string {
  const shown = text.length > 256 ? `${text.slice(0, 255)}…` : text
  // eslint-disable-next-line no-control-regex -- they are what is escaped
  return shown.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
