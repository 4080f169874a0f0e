import { PassThrough } from 'node:stream';
import { Dialogue } from '../../../../src/drivers/speaker/exabgp/dialogue.js';

/** Both pipes, with the test in the daemon's place. */
function pipes(silenceMs = 1_000) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const events: string[] = [];
  let ended = 0;
  const dialogue = new Dialogue({
    input,
    output,
    event: (line) => events.push(line),
    ended: () => ended++,
    silenceMs,
  });
  return {
    dialogue,
    events,
    say: (text: string) => input.write(text),
    told: () => String(output.read() ?? ''),
    close: () => input.end(),
    ended: () => ended,
  };
}

test('answers come in the order of their commands, and events between them', async () => {
  const { dialogue, events, say, told } = pipes();
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
  const { dialogue, say, told } = pipes(50);
  const [first, second] = [dialogue.ask('one'), dialogue.ask('two')];
  say('a\n');
  await expect(first).rejects.toMatchObject({ reason: 'timeout' });
  await expect(second).rejects.toMatchObject({ reason: 'timeout' });
  await expect(dialogue.ask('three')).rejects.toMatchObject({ reason: 'timeout' });
  expect(told()).toBe('one\ntwo\nversion\n');
  say('b\ndone\ndone\nexabgp 4.2.21\ndone\n');
  const next = dialogue.ask('four');
  await new Promise(setImmediate);
  say('d\ndone\n');
  expect(await next.catch(() => dialogue.ask('four'))).toEqual(['d']);
});

test('every line of a long answer counts as a word', async () => {
  const { dialogue, say } = pipes(200);
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
