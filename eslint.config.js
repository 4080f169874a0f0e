import { basename, dirname, relative, sep } from 'node:path';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Rooms that map inputs to outputs and nothing else. */
const PURE = ['model', 'config', 'decide', 'plan', 'render', 'status'];

const EFFECTS = [
  ...['process', 'performance', 'console', 'crypto', 'fetch', 'globalThis', 'global', 'require', 'Promise'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'],
  ...['clearTimeout', 'clearInterval', 'clearImmediate'],
];

/** A file is about a subject; these words say that nobody chose one. */
const namedSubject = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { name: '"{{word}}" is no subject: name the file after what it is about.' },
  },
  create: (context) => ({
    Program(node) {
      const path = relative(context.cwd, context.filename);
      const words = [...dirname(path).split(sep), basename(path).split('.')[0] ?? ''];
      const word = words
        .flatMap((part) => part.split('-'))
        .find((part) => /^(utils?|helpers?|common|misc)$/i.test(part));
      if (word !== undefined) context.report({ node, messageId: 'name', data: { word } });
    },
  }),
};

/** An `index.ts` or a re-export hides which file is meant, and makes cycles easy. */
const noBarrel = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { barrel: 'No barrels: import from the file that defines the name.' },
  },
  create: (context) => ({
    Program: (node) => {
      if (basename(context.filename) === 'index.ts') context.report({ node, messageId: 'barrel' });
    },
    ExportAllDeclaration: (node) => context.report({ node, messageId: 'barrel' }),
    'ExportNamedDeclaration[source]': (node) => context.report({ node, messageId: 'barrel' }),
  }),
};

const pureRoom = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { effect: '{{what}} in a pure room: take it as an argument, or move it to a driver.' },
  },
  create: (context) => {
    const report = (what) => (node) => context.report({ node, messageId: 'effect', data: { what } });
    return {
      ':function[async=true]': report('An async function'),
      AwaitExpression: report('await'),
      'ForOfStatement[await=true]': report('for await'),
      ImportExpression: report('A dynamic import'),
      "NewExpression[callee.name='Date'][arguments.length=0]": report('The current time'),
      "CallExpression[callee.name='Date']": report('The current time'),
    };
  },
};

export default defineConfig(
  globalIgnores(['dist/**', 'coverage/**', '.cache/**', 'src/gen/**']),
  {
    files: ['{src,test}/**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked, tseslint.configs.stylisticTypeChecked],
    plugins: { culvert: { rules: { 'named-subject': namedSubject, 'no-barrel': noBarrel, 'pure-room': pureRoom } } },
    languageOptions: { parserOptions: { project: 'test/tsconfig.json' } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'culvert/named-subject': 'error',
      'culvert/no-barrel': 'error',
      'max-lines': ['warn', { max: 250, skipBlankLines: true }],
      eqeqeq: 'error',
      'no-restricted-exports': [
        'error',
        {
          restrictDefaultExports: {
            direct: true,
            named: true,
            defaultFrom: true,
            namedFrom: true,
            namespaceFrom: true,
          },
        },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: false }],
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
      '@typescript-eslint/use-unknown-in-catch-callback-variable': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unnecessary-boolean-literal-compare': 'error',
      '@typescript-eslint/no-deprecated': 'error',
      // Numbers and booleans in messages are what messages are made of.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // Taste: a union is a type, an object may be either.
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/consistent-indexed-object-style': 'off',
      // A fake that answers a promise at once has nothing to await.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: [`src/{${PURE.join(',')}}/**/*.ts`],
    rules: {
      'culvert/pure-room': 'error',
      'no-restricted-globals': [
        'error',
        ...EFFECTS.map((name) => ({
          name,
          message: 'A pure room has no clock, no timers, no process and no promises.',
        })),
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'A pure room has no clock: take `now` as an argument.' },
        { object: 'Math', property: 'random', message: 'A pure room has no chance: derive it from names, or take it.' },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // A test may say "this is there" and fail loudly when it is not.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
      'max-lines': 'off',
    },
  },
);
