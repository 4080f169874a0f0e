/**
 * `work`, done once for inputs that are the same objects. The last result for
 * each first input is remembered, for no longer than that input lives.
 */
export function once<A extends readonly [object, ...unknown[]], T>(work: (...inputs: A) => T): (...inputs: A) => T {
  const known = new WeakMap<object, { readonly inputs: A; readonly result: T }>();
  return (...inputs) => {
    const last = known.get(inputs[0]);
    if (last?.inputs.length === inputs.length && last.inputs.every((input, place) => input === inputs[place])) {
      return last.result;
    }
    const result = work(...inputs);
    known.set(inputs[0], { inputs, result });
    return result;
  };
}
