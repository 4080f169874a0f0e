import { familyOf, type Address } from '../../model/address.js';
import type { CheckSpec, IcmpProbe } from '../../model/check.js';
import { DEFAULT_NETNS } from '../../model/naming.js';
import type { Namespaces } from '../../ports/namespaces.js';
import type { FileDescriptor, Syscalls } from '../../ports/syscall.js';
import { echoPlace, type EchoSockets } from './echo-sockets.js';
import { ECHO_BYTES, PROTOCOL, writeEcho, writeSequence } from './echo.js';
import { endOfSending, endOfTrying, OK, type End, type Probing } from './probing.js';

export interface IcmpParts {
  readonly syscalls: Syscalls;
  readonly namespaces: Namespaces;
  readonly echoes: EchoSockets;
}

/** ICMP echo; with a device, sent in the customer's namespace and awaited in the default one. */
export function icmpProbing(
  { syscalls, namespaces, echoes }: IcmpParts,
  spec: CheckSpec,
  { target }: IcmpProbe<Address>,
  ended: (end: End) => void,
): Probing {
  const { netns, device, source } = spec;
  const family = familyOf(target);
  const packet = syscalls.allocate(ECHO_BYTES);
  const to = syscalls.socketAddress(target);
  const number = echoes.register(onAnswer);
  const rest = writeEcho(packet.bytes, family, echoes.nonce, number);
  const place = echoPlace(device === undefined ? netns : DEFAULT_NETNS, family, source);
  let sequence = 0;
  let waitingOn: FileDescriptor | undefined;

  function onAnswer(answer: number): void {
    if (waitingOn === undefined || answer !== sequence) return;
    settle();
    ended(OK);
  }

  function settle(): void {
    if (waitingOn === undefined) return;
    echoes.release(place, waitingOn);
    waitingOn = undefined;
  }

  const sendOn = (fd: FileDescriptor): number => syscalls.send(fd, packet, 0, ECHO_BYTES, to);

  /** A socket that lives for one packet: it must not keep the namespace alive. */
  function sendThrough(through: string): number {
    return namespaces.within(netns, () => {
      const options = { family, protocol: PROTOCOL[family], device: through };
      const fd = syscalls.rawSocket(source === undefined ? options : { ...options, local: source, localIs: 'foreign' });
      try {
        return sendOn(fd);
      } finally {
        syscalls.close(fd);
      }
    });
  }

  return {
    silence: 'no answer',
    begin: () => {
      sequence = (sequence + 1) >>> 0;
      writeSequence(packet.bytes, family, rest, sequence);
      try {
        waitingOn = echoes.acquire(place);
        const sent = device === undefined ? sendOn(waitingOn) : sendThrough(device);
        if (sent >= 0) return undefined;
        settle();
        return endOfSending(sent, spec);
      } catch (error) {
        settle();
        return endOfTrying(error, spec);
      }
    },
    look: () => echoes.drain(),
    abandon: settle,
    close: () => {
      settle();
      echoes.unregister(number);
    },
  };
}
