/** Started inside lab nodes by `culvert lab verify`; speaks JSON lines. Wiring only. */
import { createInterface } from 'node:readline';
import { receive } from '../lab/traffic/receive.js';
import { send, type SendOptions } from '../lab/traffic/send.js';

const say = (value: object): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

const [role, argument] = process.argv.slice(2);
const stop = new AbortController();

if (role === 'receive') {
  const receiver = receive(
    Number(argument),
    () => say({ ready: true }),
    (error) => {
      process.stderr.write(`cannot receive on port ${argument}: ${error.message}\n`);
      process.exit(1);
    },
  );
  createInterface({ input: process.stdin })
    .on('line', () => say(receiver.report()))
    .on('close', () => receiver.close());
} else if (role === 'send' && argument !== undefined) {
  process.on('SIGTERM', () => stop.abort());
  const options = { ...(JSON.parse(argument) as SendOptions), signal: stop.signal };
  if (options.packets === undefined) {
    const orders = createInterface({ input: process.stdin })
      .on('line', () => stop.abort())
      .on('close', () => stop.abort());
    say(await send(options, () => say({ ready: true })));
    orders.close();
  } else {
    say(await send(options));
  }
} else {
  process.stderr.write('usage: lab-traffic receive PORT | send JSON (without `packets` until a line comes in)\n');
  process.exitCode = 1;
}
