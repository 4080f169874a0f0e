import { statusText } from '../../src/cli/render-status.js';
import type { AgentStatus } from '../../src/status/agent.js';

const agent: AgentStatus = {
  server: 'ams-s1',
  generation: 'abc',
  pid: 7,
  startedAt: '2026-01-01T00:00:00Z',
  tunnelDriver: 'tunnels by the kernel (ip_gre)',
  groups: { kind: 'resilient' },
  pass: { count: 3, lastTook: 12 },
  ...{ customers: [], dataPlane: [], tunnels: [], checks: [], intents: [], announcements: [] },
  ...{ counters: [], drift: [] },
};

const lines = (groups: AgentStatus['groups']): readonly string[] =>
  statusText({ agent: { ...agent, groups }, guard: { problem: 'away' } });

test('what nexthop groups can do here is said, and the fallback never in silence', () => {
  expect(lines({ kind: 'resilient' })).toContain('nexthop groups: resilient');
  expect(lines({ kind: 'threshold', detail: 'Error: Invalid group type.' })).toContain(
    'nexthop groups: by hash threshold, so that a tunnel that goes or comes moves flows of others too: Error: Invalid group type.',
  );
});
