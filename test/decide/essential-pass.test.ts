import { whyNotRenew, type Vigilance } from '../../src/decide/essential-pass.js';

const BOUNDS = { readBack: 12_000, pass: 8_000 };

test.each<[string, Vigilance, number, string | undefined]>([
  ['never looked', {}, 0, 'the kernel has not been read yet'],
  ['never looked, tried', { blind: 'EPERM' }, 0, 'the kernel has not been read yet: EPERM'],
  ['looked', { readAt: 0 }, 11_999, undefined],
  ['looked too long ago', { readAt: 0 }, 12_000, 'the kernel was read 12.0 s ago'],
  ['looked, then failed to', { readAt: 0, blind: 'cut short' }, 1, 'the kernel could not be read: cut short'],
  ['in a pass', { readAt: 5_000, passSince: 0 }, 7_999, undefined],
  ['stuck in a pass', { readAt: 5_000, passSince: 0 }, 8_000, 'a pass has been under way for 8.0 s'],
  [
    'stood still after the look',
    { readAt: 100, resumedAt: 101 },
    200,
    'this process stood still and has not looked again yet',
  ],
  ['looked after standing still', { readAt: 101, resumedAt: 101 }, 200, undefined],
])('%s', (_, seen, now, expected) => {
  expect(whyNotRenew(seen, BOUNDS, now)).toBe(expected);
});
