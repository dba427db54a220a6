#!/usr/bin/env node
// Plain JavaScript of an old kind on purpose: it must run on any Node to say which one is needed.
var major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(
    'error  linnet needs Node 24 or later, this is ' +
      process.version +
      '   fix   npx -p node@24 -p linnet linnet, or install Node 24 from https://nodejs.org\n',
  );
  process.exit(64);
} else {
  import('../dist/cli/main.js');
}
