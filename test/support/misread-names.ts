// A fault of the platform: Node 24 to 26 take a name with an escape for another one (nodejs/node#63785).

/** Whether JSON.parse has it here. */
export const misreadsNames: boolean = (() => {
  JSON.parse(String.raw`{"probe":[],"\\":0}`)
  return !Object.hasOwn(JSON.parse(String.raw`{"probe":1,"\"":2}`) as object, '"')
})()
