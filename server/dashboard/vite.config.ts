import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// `npx vite` serves the pages as they are being written, and asks a server that runs beside it.
const SERVER = process.env['FAULTWIRE_SERVER_URL'] ?? 'http://127.0.0.1:9300';

export default defineConfig({
  plugins: [react()],
  // Relative: the server may be under a path.
  base: './',
  build: {
    target: 'es2022',
    // A file as a `data:` address would need a wider policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // What is sent is a third of it, and measured: `tests/size.test.mjs`.
    chunkSizeWarningLimit: 800,
  },
  server: { proxy: { '/api': { target: SERVER, changeOrigin: true } } },
});
