import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";

// Where `npm run dev` sends calls of the service; the built page always calls its own origin.
const service = process.env["CHUANYU_DEV_SERVICE"] ?? "http://127.0.0.1:8000";
const served = ["/v1", "/healthz", "/readyz"];

export default defineConfig({
  plugins: [vue()],
  define: {
    __VUE_I18N_LEGACY_API__: false,
    __VUE_I18N_FULL_INSTALL__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  build: {
    outDir: "../api/static",
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 1500,
    reportCompressedSize: false,
  },
  worker: { format: "es" },
  server: { proxy: Object.fromEntries(served.map((path) => [path, { target: service }])) },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
