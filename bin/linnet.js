#!/usr/bin/env node
// Plain JavaScript of an old kind on purpose: it must run on any Node to say which one is needed.
var major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(
    'error  linnet needs Node 24 or later, this is ' +
      process.version +
      '   fix   install Node 24 or later from https://nodejs.org; in a clone of linnet: npm ci && npm start\n',
  );
  process.exit(64);
} else {
  void import('../dist/cli/main.js');
}
