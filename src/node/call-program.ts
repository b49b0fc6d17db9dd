/** Calls what the program gave us: a listener, an inspector. */

/** A throw is the program's error, and stays one: uncaught, without harm to what we are doing. */
export function callProgram(call: () => void): void {
  try {
    call()
  } catch (error) {
    process.nextTick(() => {
      throw error
    })
  }
}
