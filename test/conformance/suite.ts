/** What every speaker owes the port, whichever daemon is behind it. One daemon and its routers serve the whole suite, in this order. */
import { adoption } from './adoption.js';
import { attributes } from './attributes.js';
import { barrier } from './barrier.js';
import { configuration } from './configuration.js';
import { difference } from './difference.js';
import { many } from './many.js';
import { restart } from './restart.js';
import { sessions } from './sessions.js';
import { type SpeakerUnderTest, Stage } from './stage.js';

export function conformance(under: SpeakerUnderTest): void {
  describe(under.name, () => {
    const stage = new Stage(under);
    beforeAll(() => stage.raise(), 30_000);
    afterAll(() => stage.strike(), 30_000);
    describe('configuration', () => configuration(stage));
    describe('attributes', () => attributes(stage));
    describe('barrier', () => barrier(stage));
    describe('difference', () => difference(stage));
    describe('adoption', () => adoption(stage));
    describe('sessions', () => sessions(stage));
    describe('many', () => many(stage));
    describe('restart', () => restart(stage));
  });
}
