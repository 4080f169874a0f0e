import { PassThrough } from 'node:stream';
import { Dialogue } from '../../../../src/drivers/speaker/exabgp/dialogue.js';

/** Both pipes, with the test in the daemon's place. */
function pipes(silenceMs = 1_000) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const MARK = ' !\nshow neighbor summary\n';
  const events: string[] = [];
  let ended = 0;
  const dialogue = new Dialogue({
    input,
    output,
    event: (line) => events.push(line),
    ended: () => ended++,
    silenceMs,
  });
  expect(String(output.read())).toBe(MARK);
  return {
    dialogue,
    events,
    /** Answers the mark, and what was asked before it. */
    begin: () =>
      input.write('done\nerror\nPeer            AS        up/down state       |     #sent     #recvd\ndone\n'),
    say: (text: string) => input.write(text),
    told: () => String(output.read() ?? ''),
    close: () => input.end(),
    ended: () => ended,
  };
}

test('answers come in the order of their commands, and events between them', async () => {
  const { dialogue, events, say, told, begin } = pipes();
  begin();
  await new Promise(setImmediate);
  const [first, second, third] = [dialogue.ask('one'), dialogue.ask('two'), dialogue.ask('three')];
  expect(told()).toBe('one\ntwo\nthree\n');
  say('a\nb\n{ "type": "state" }\ndo');
  say('ne\nerror\nc\ndone\n');
  expect(await first).toEqual(['a', 'b']);
  await expect(second).rejects.toMatchObject({ reason: 'rejected', message: expect.stringContaining('two') as string });
  expect(await third).toEqual(['c']);
  expect(events).toEqual(['{ "type": "state" }']);
});

test('an answer that does not come is given up, and nothing later is mistaken for it', async () => {
  const { dialogue, say, told, begin } = pipes(50);
  begin();
  await new Promise(setImmediate);
  const [first, second] = [dialogue.ask('one'), dialogue.ask('two')];
  say('a\n');
  await expect(first).rejects.toMatchObject({ reason: 'timeout' });
  await expect(second).rejects.toMatchObject({ reason: 'timeout' });
  await expect(dialogue.ask('three')).rejects.toMatchObject({ reason: 'timeout' });
  expect(told()).toBe('one\ntwo\nshow neighbor summary\n');
  say('b\ndone\ndone\n');
  begin();
  await new Promise(setImmediate);
  const next = dialogue.ask('four');
  say('d\ndone\n');
  expect(await next).toEqual(['d']);
});

test('every line of a long answer counts as a word', async () => {
  const { dialogue, say, begin } = pipes(200);
  begin();
  const answer = dialogue.ask('show');
  for (let n = 0; n < 5; n++) {
    say(`${n}\n`);
    await new Promise((resolve) => setTimeout(resolve, 80));
  }
  say('done\n');
  expect(await answer).toHaveLength(5);
});

test('the end of the daemon ends what is under way, once', async () => {
  const { dialogue, close, ended } = pipes();
  const first = dialogue.ask('one');
  close();
  await expect(first).rejects.toMatchObject({ reason: 'unreachable' });
  await expect(dialogue.ask('two')).rejects.toMatchObject({ reason: 'unreachable' });
  expect(ended()).toBe(1);
});

test('what a process before had asked is not taken for an answer, and nothing is asked until it has passed', async () => {
  const { dialogue, say, told, begin } = pipes();
  const first = dialogue.ask('one');
  say('done\nneighbor 198.18.1.1 something\ndone\n');
  await new Promise(setImmediate);
  expect(told()).toBe('');
  begin();
  await new Promise(setImmediate);
  expect(told()).toBe('one\n');
  say('a\ndone\n');
  expect(await first).toEqual(['a']);
});
