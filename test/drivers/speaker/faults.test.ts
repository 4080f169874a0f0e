import { createServer, type Server as NetServer } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { address, prefix } from '../../../src/model/address.js';
import { SpeakerError } from '../../../src/ports/speaker.js';
import { createGobgpSpeaker } from '../../../src/drivers/speaker/gobgp.js';
import { type Anchor, startAnchor } from './anchor.js';
import { type Gobgpd, startGobgpd } from './gobgpd.js';
import { until } from './until.js';
import { changedPath } from '../../paths.js';

const protoDir = fileURLToPath(new URL('../../../protos', import.meta.url));
const speakerAt = (at: string, deadlineMs = 1_000) => createGobgpSpeaker({ address: at, protoDir, deadlineMs });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'culvert-faults-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('addresses', () => {
  test.each([
    '',
    'gobgpd.sock',
    'unix:gobgpd.sock',
    'unix:',
    ':50051',
    'localhost:50051',
    '192.0.2.1:50051',
    '0.0.0.0:50051',
    '[::]:50051',
    '[2001:db8::1]:50051',
    '127.0.0.1',
    '127.0.0.1:0',
    '127.0.0.1:65536',
    '127.0.0.1:x',
    '127.1:50051',
    'dns:127.0.0.1:50051',
    'http://127.0.0.1:50051',
    '127.0.0.1.example.net:50051',
  ])('%j is refused', (at) => {
    expect(() => speakerAt(at)).toThrow(expect.objectContaining({ name: 'SpeakerError', reason: 'invalid' }) as Error);
  });

  test.each(['unix:/run/gobgpd.sock', 'unix:///run/gobgpd.sock', '127.0.0.1:50051', '127.0.0.9:1', '[::1]:50051'])(
    '%s is taken',
    (at) => speakerAt(at).close(),
  );
});

describe('nobody, or somebody else, at the address', () => {
  test('nobody: unreachable, at once, with the remedy', async () => {
    const speaker = speakerAt(`unix:${folder}/nobody.sock`);
    await expect(speaker.observe()).rejects.toMatchObject({
      name: 'SpeakerError',
      reason: 'unreachable',
      message: expect.stringMatching(/nobody\.sock: GetBgp: .*is gobgpd running/) as string,
    });
    speaker.close();
  });

  test('something that speaks no gRPC', async () => {
    const noise: NetServer = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('220 ready\r\n', () => socket.destroy());
    });
    await new Promise<void>((resolve) => noise.listen(join(folder, 'noise.sock'), resolve));
    const speaker = speakerAt(`unix:${folder}/noise.sock`);
    const failure = await speaker.observe().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SpeakerError);
    expect(['unreachable', 'timeout']).toContain((failure as SpeakerError).reason);
    speaker.close();
    await new Promise((resolve) => noise.close(resolve));
  });

  const serve = async (service: string): Promise<{ readonly at: string; readonly server: Server }> => {
    const raw = (bytes: Buffer): Buffer => bytes;
    const server = new Server();
    const method = {
      path: `/${service}/GetBgp`,
      requestStream: false,
      responseStream: false,
      requestSerialize: raw,
      requestDeserialize: raw,
      responseSerialize: raw,
      responseDeserialize: raw,
    };
    server.addService(
      { GetBgp: method },
      { GetBgp: (_call: unknown, answer: (e: null, b: Buffer) => void) => answer(null, Buffer.alloc(0)) },
    );
    const at = `unix:${folder}/${service}.sock`;
    await new Promise<void>((resolve, reject) =>
      server.bindAsync(at, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())),
    );
    return { at, server };
  };

  test('some other gRPC service: unsupported-version', async () => {
    const { at, server } = await serve('greeter.Greeter');
    const speaker = speakerAt(at);
    await expect(speaker.observe()).rejects.toMatchObject({
      reason: 'unsupported-version',
      message: expect.stringMatching(/neither GoBGP 3 nor 4 answers there; run gobgpd 3.10 or later/) as string,
    });
    speaker.close();
    server.forceShutdown();
  });

  test.each([
    ['api.GoBgpService', 'gobgpd version 4.1.0\n', /gobgpd 4\.1\.0 is installed here.*3294.*install 4\.3/],
    ['api.GoBgpService', 'gobgpd version 4.5.0\n', /3428.*install 4\.6 or later/],
    ['api.GoBgpService', 'gobgpd version 4.8.0\n', undefined],
    ['api.GoBgpService', 'gobgpd version 3.10.0\n', undefined],
    ['api.GoBgpService', '', undefined],
    ['apipb.GobgpApi', 'gobgpd version 4.5.0\n', undefined],
  ])('%s beside an installed %j', async (service, printed, refused) => {
    const { at, server } = await serve(service);
    const speaker = createGobgpSpeaker({ address: at, protoDir, deadlineMs: 1_000, installed: async () => printed });
    const looked = speaker.observe();
    if (refused === undefined) {
      await expect(looked).resolves.toEqual({ state: 'not-started' });
    } else {
      await expect(looked).rejects.toMatchObject({
        reason: 'unsupported-version',
        message: expect.stringMatching(refused) as string,
      });
    }
    speaker.close();
    server.forceShutdown();
  });
});

describe('a daemon that stops answering', () => {
  let anchor: Anchor;
  let daemon: Gobgpd;
  beforeAll(async () => {
    anchor = await startAnchor(['198.18.1.11/32']);
    daemon = await startGobgpd(anchor);
  });
  afterAll(async () => {
    await daemon?.stop();
    await anchor?.stop();
  });

  test('every call ends by its deadline, and works again afterwards', async () => {
    const speaker = speakerAt(daemon.address, 500);
    const many = Array.from({ length: 200 }, (_, i) => prefix(`11.0.${i}.0/24`));
    const attributes = { asPath: [], nextHop: address('198.18.1.11'), communities: [], largeCommunities: [] };
    const paths = many.map((p) => ({ prefix: p, attributes }));
    await speaker.apply([
      { kind: 'start', asn: 64_500, routerId: address('198.18.1.11'), listenPort: -1 },
      { kind: 'install-barrier', allow: many },
    ]);
    daemon.signal('SIGSTOP');
    const began = performance.now();
    const outcomes = await Promise.allSettled([
      speaker.observe(),
      speaker.apply([{ kind: 'announce', paths }]),
      speaker.apply([{ kind: 'announce', paths: paths.slice(0, 1) }]),
      speaker.apply([{ kind: 'withdraw', prefixes: many }]),
      speaker.apply([{ kind: 'delete-peer', address: address('198.18.1.1') }]),
      speaker.stillSent(many, [address('198.18.1.1')]),
    ]);
    expect(outcomes.map((o) => (o.status === 'rejected' ? (o.reason as SpeakerError).reason : 'resolved'))).toEqual(
      Array(outcomes.length).fill('timeout'),
    );
    expect(performance.now() - began).toBeLessThan(8_000);
    daemon.signal('SIGCONT');
    await until('an answer', async () => (await speaker.observe().catch(() => undefined))?.state === 'started');
    await speaker.apply([{ kind: 'announce', paths }]);
    expect(await speaker.observe()).toMatchObject({ paths: { length: 200 } });
    speaker.close();
  });

  test('a watch survives the daemon, wakes on loss and return, and is silent once stopped', async () => {
    await daemon.restart();
    const speaker = speakerAt(daemon.address);
    let wakes = 0;
    const watching = speaker.watch(() => wakes++);
    await until('a wake by the first attempt', async () => wakes > 0 || speaker.observe().then(() => true));
    await daemon.kill();
    const atLoss = wakes;
    await until('a wake for the loss', async () => wakes > atLoss);
    await daemon.restart();
    await until('started', async () => {
      await speaker.apply([
        { kind: 'start', asn: 64_500, routerId: address('198.18.1.11'), listenPort: -1 },
        { kind: 'install-barrier', allow: [prefix('203.0.113.0/24')] },
      ]);
      return true;
    });
    const path = {
      prefix: prefix('203.0.113.0/24'),
      attributes: { nextHop: address('198.18.1.11'), asPath: [], communities: [], largeCommunities: [] },
    };
    let med = 0;
    await until('a wake for a path', async () => {
      const before = wakes;
      await speaker.apply([{ kind: 'announce', paths: [changedPath(path, { med: ++med })] }]);
      await speaker.observe();
      return wakes > before;
    });
    watching.stop();
    watching.stop();
    const stopped = wakes;
    await daemon.kill();
    await daemon.restart();
    expect(wakes).toBe(stopped);
    speaker.watch(() => wakes++);
    speaker.close();
  });
});
