import Runner from 'jest-runner';

/** Runs its files one after the other in Jest's own process, while no worker runs any. */
export default class Alone extends Runner {
  isSerial = true;
}
