/** Daemons that answer, and what they say is no use: the guard beside each of them lives, says so, and ends. */
import { Server, ServerCredentials, type ServerWritableStream, type UntypedHandleCall } from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClock } from '../../../src/drivers/clock/clock.js';
import { createGobgpSpeaker } from '../../../src/drivers/speaker/gobgp.js';
import { Guard } from '../../../src/engine/guard.js';
import { SpeakerError } from '../../../src/ports/speaker.js';
import { acmeFleet, amsS1 } from '../../acme.js';
import { FakeChecker } from '../../engine/fake-checker.js';
import { FakeEssential } from '../../engine/fake-essential.js';
import { asking } from '../../engine/guard-world.js';
import { MemoryFiles } from '../../engine/memory-files.js';
import { VirtualClock } from '../../virtual-clock.js';
import { until } from './until.js';

type Stream = ServerWritableStream<Buffer, Buffer>;
interface Nonsense {
  /** The one answer of a call. */
  readonly answer: () => Buffer;
  /** What a stream says. */
  readonly say: (stream: Stream) => void;
}

const noise = (): Buffer => Buffer.from(Array.from({ length: 64 }, () => Math.floor(Math.random() * 256)));
const NOTHING = Buffer.alloc(0);
/** GetBgpResponse{ global{ asn: 64500, router_id: "198.18.1.11", listen_port: 179 } } */
const STARTED = Buffer.from(`0a1308${'f4f703'}120b${Buffer.from('198.18.1.11').toString('hex')}18b301`, 'hex');

const forever = (stream: Stream, message: () => Buffer): void => {
  const pump = (): void => {
    for (let room = true; room && !stream.cancelled && stream.writable;) room = stream.write(message());
    if (!stream.cancelled) stream.once('drain', pump);
  };
  pump();
};

const SPEECHES: readonly (readonly [string, Nonsense])[] = [
  ['noise', { answer: noise, say: (stream) => (stream.write(noise()), stream.end()) }],
  ['nothing, and that all is well', { answer: () => NOTHING, say: (stream) => stream.end() }],
  ['that it runs, and nothing else', { answer: () => STARTED, say: (stream) => stream.end() }],
  ['lists without end', { answer: () => STARTED, say: (stream) => forever(stream, () => NOTHING) }],
  ['one message beyond all bounds', { answer: () => Buffer.alloc(70 * 1024 * 1024), say: (stream) => stream.end() }],
];

async function serve(address: string, { answer, say }: Nonsense): Promise<Server> {
  const methods = loadSync('protos/gobgp/v3.proto')['apipb.GobgpApi'] as ServiceDefinition;
  const raw = (bytes: Buffer): Buffer => bytes;
  const definition = Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [
      name,
      { ...method, requestSerialize: raw, requestDeserialize: raw, responseSerialize: raw, responseDeserialize: raw },
    ]),
  );
  const handlers = Object.fromEntries(
    Object.entries(methods).map(([name, { responseStream }]): [string, UntypedHandleCall] => [
      name,
      responseStream
        ? (stream: Stream) => (stream.on('error', () => undefined), say(stream))
        : (_call: unknown, done: (error: null, bytes: Buffer) => void) => done(null, answer()),
    ]),
  );
  const server = new Server({ 'grpc.max_send_message_length': -1 });
  server.addService(definition, handlers);
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(address, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())),
  );
  return server;
}

describe.each(SPEECHES)('a daemon that says %s', (_, nonsense) => {
  let folder: string;
  let server: Server;
  let address: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'culvert-garbage-'));
    address = `unix:${folder}/gobgpd.sock`;
    server = await serve(address, nonsense);
  });
  afterEach(() => {
    server.forceShutdown();
    rmSync(folder, { recursive: true, force: true });
  });
  const speakerAt = () => createGobgpSpeaker({ address, protoDir: 'protos', deadlineMs: 300 });

  test('every call ends in time, with a state or a SpeakerError', async () => {
    const speaker = speakerAt();
    const began = performance.now();
    const start = { kind: 'start', asn: 64_500, routerId: amsS1().server.v4, listenPort: 179 } as const;
    const outcomes = await Promise.allSettled([speaker.observe(), speaker.apply([start]), speaker.stillSent([], [])]);
    expect(performance.now() - began).toBeLessThan(8_000);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(SpeakerError);
    }
    speaker.close();
  }, 15_000);

  test('the guard is not ready, tells why, answers its agent and ends', async () => {
    // A guard that hears no confirmation waits for as long as a drain may take, and three seconds more.
    const view = amsS1({ ...acmeFleet, safety: { ...acmeFleet.safety, drainMs: 200, settleMs: 100 } });
    const said: string[] = [];
    const say = (text: string): void => void said.push(text);
    const guard = await Guard.open(
      {
        speaker: speakerAt(),
        essential: new FakeEssential(),
        traffic: { packets: () => undefined },
        checker: new FakeChecker(new VirtualClock()),
        clock: createClock(),
        files: new MemoryFiles(),
        log: { info: say, warn: say, error: say },
        chronicle: { record: () => undefined },
        stateDir: '/state',
        listenPort: 179,
        reload: async () => view,
        fatal: () => undefined,
      },
      view,
    );
    guard.start();
    await until('a complaint', async () => (await guard.status()).speakerDetail !== undefined, 15_000);
    const { speaker, prefixes } = await guard.status();
    expect(speaker).not.toBe('ready');
    for (const { held } of prefixes) expect(held).not.toBe('full');
    const answer = await guard.hello('ams-s1', 1, {});
    if (!answer.accepted) throw new Error(answer.detail);
    const set = { server: 'ams-s1', generation: view.fleet.generation, epoch: answer.epoch, sequence: 1, ttlMs: 1_000 };
    await expect(guard.offer({ ...set, announcements: [asking('full')] })).resolves.toMatchObject({ accepted: true });
    expect(said.length).toBeLessThan(60);
    const began = performance.now();
    await guard.stop();
    expect(performance.now() - began).toBeLessThan(6_000);
  }, 45_000);
});
