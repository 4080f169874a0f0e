import { connect } from 'node:net';

/** For a part of an answer, in milliseconds. */
const PATIENCE_MS = 5_000;
/** The last line of an answer: done (0), or an error (8, 9), behind it a blank. */
const LAST = /(?:^|\n)[089]\d{3} [^\n]*\n$/;
const LONGEST_LAST = 500;

/**
 * One command at BIRD's control socket, as birdc gives it and with its answer
 * as birdc prints it: without the numbers of its lines. No program is started,
 * so that many may ask as often as they like.
 */
export function birdc(socket: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const bird = connect(socket);
    let asked = false;
    let text = '';
    bird.setEncoding('utf8');
    bird.setTimeout(PATIENCE_MS, () => bird.destroy(new Error(`BIRD does not answer: ${command}`)));
    bird.once('error', reject);
    bird.once('close', () => reject(new Error(`BIRD has hung up: ${command}`)));
    bird.on('data', (chunk: string) => {
      text += chunk;
      if (!LAST.test(text.slice(-LONGEST_LAST))) return;
      if (asked) {
        resolve(printed(text));
        bird.destroy();
        return;
      }
      // It has greeted.
      asked = true;
      text = '';
      bird.write(`${command}\n`);
    });
  });
}

const printed = (text: string): string => text.replace(/^(?:\d{4}[ -]| )/gm, '');
