#!/bin/sh
# Builds the fixtures; run in this folder after: npm install esbuild@0.28 esbuild-loader typescript@7 webpack@5 webpack-cli
set -eu
npx tsc src/main.ts --ignoreConfig --target es2022 --module commonjs --rootDir src --outDir tsc --sourceMap --skipLibCheck --types ""
npx esbuild src/main.ts --bundle --platform=node --minify --sourcemap --outfile=esbuild/main.js
npx esbuild src/main.ts --bundle --platform=node --sourcemap=inline --outfile=esbuild-inline/main.js
npx webpack --config webpack.config.js
node collect.js > stacks.json
