/** CLOCK_MONOTONIC in milliseconds: the same in every process of this machine, unlike `performance.now()`. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
