/**
 * Who may import whom. One row per room; everything else follows from it.
 * Type-only imports count: a room that names another's types depends on it.
 */
const ROOMS = {
  model: [],
  gen: [],
  config: ['model'],
  decide: ['model'],
  plan: ['model'],
  render: ['model'],
  status: ['model'],
  ports: ['model'],
  drivers: ['model', 'ports', 'gen', 'render'],
  engine: ['model', 'ports', 'decide', 'plan', 'status'],
  local: ['model', 'ports', 'status'],
  rpc: ['model', 'ports', 'gen'],
  api: ['model', 'ports', 'status', 'config'],
  web: ['model', 'ports', 'status', 'config'],
  cli: ['model', 'ports', 'status', 'local'],
  // status: verify reads `culvert status -o json`, whose shape is status/report.ts.
  lab: ['model', 'ports', 'config', 'render', 'local', 'status'],
};

/** The packages a pure room may use; the rest of them use none. nunjucks, given texts and an object, only puts them together. */
const PURE = { model: [], config: ['yaml', 'zod'], decide: [], plan: [], render: ['nunjucks'], status: [], ports: [] };

const inRooms = (rooms) => `^src/(${rooms.join('|')})/`;
const packages = (names) => `(^|/)node_modules/(@types/)?(${names.join('|')})(/|$)`;
const npm = ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'];

const roomRules = Object.entries(ROOMS).map(([room, allowed]) => ({
  name: `room-${room}`,
  comment: `src/${room} may import ${allowed.length === 0 ? 'no other room' : `only ${allowed.join(', ')}`}.`,
  severity: 'error',
  from: { path: inRooms([room]) },
  to: { path: '^src/', pathNot: inRooms([room, ...allowed]) },
}));

const pureRules = Object.entries(PURE).flatMap(([room, allowed]) => [
  {
    name: `packages-of-${room}`,
    comment: `src/${room} is pure: ${allowed.length === 0 ? 'no package' : `no package except ${allowed.join(', ')}`}.`,
    severity: 'error',
    from: { path: inRooms([room]) },
    to: { dependencyTypes: npm, ...(allowed.length > 0 && { pathNot: packages(allowed) }) },
  },
]);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...roomRules,
    ...pureRules,
    {
      name: 'known-room',
      comment: 'Every file under src stands in a room of the table; a new room needs a row first.',
      severity: 'error',
      from: { path: '^src/', pathNot: inRooms([...Object.keys(ROOMS), 'main']) },
      to: {},
    },
    {
      name: 'main-is-last',
      comment: 'main wires the rooms together; nobody imports it.',
      severity: 'error',
      from: { pathNot: ['^src/main/', '^test/main/'] },
      to: { path: '^src/main/' },
    },
    {
      name: 'drivers-apart',
      comment: 'No driver imports another: what two drivers share is a port or a noun of the model.',
      severity: 'error',
      from: { path: '^src/drivers/([^/]+)/' },
      to: { path: '^src/drivers/', pathNot: '^src/drivers/$1/' },
    },
    {
      name: 'simulation',
      comment: 'The simulated world holds the real engine and decisions, and no driver.',
      severity: 'error',
      from: { path: '^test/sim/' },
      to: { path: '^src/', pathNot: inRooms(['model', 'ports', 'decide', 'plan', 'engine']) },
    },
    {
      name: 'src-without-tests',
      comment: 'Product code does not know its tests.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or miss a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'pure-without-core',
      comment: 'Pure rooms decide from what they are given; effects belong to drivers.',
      severity: 'error',
      from: { path: inRooms(Object.keys(PURE)) },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'child-process-in-exec',
      comment: 'Processes are started by drivers/exec alone, so that each has one owner that ends it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/drivers/exec/' },
      to: { path: ['^(node:)?child_process$', '^(node:)?cluster$', packages(['execa', 'cross-spawn'])] },
    },
    {
      name: 'grpc-in-speaker-and-rpc',
      comment: 'Protobuf shapes are converted at the wire and do not leak inward.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(drivers/speaker|rpc)/' },
      to: { path: packages(['@grpc', 'protobufjs']) },
    },
    {
      name: 'koffi-in-syscall',
      comment: 'Native calls stand in one reviewed place.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/drivers/syscall/' },
      to: { path: packages(['koffi']) },
    },
    {
      name: 'resolvable',
      comment: 'An import that resolves to nothing.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.cjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
