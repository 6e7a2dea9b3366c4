import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import vue from "@vitejs/plugin-vue";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// Where `npm run dev` sends calls of the service; the built page always calls its own origin.
const service = process.env["CHUANYU_DEV_SERVICE"] ?? "http://127.0.0.1:8000";
const served = ["/v1", "/healthz", "/readyz"];

/** Pages that must open without a signal; what only the console needs (maps, charts) is left out. */
const OFFLINE_PAGES = /(DriverPage|SignInPage)\.vue$/;
const KEPT_AS_THEY_ARE = ["/icon.svg", "/manifest.webmanifest"];

/** Write `sw.js` with the list of files that the offline pages are made of. */
function offlinePages(): Plugin {
  return {
    name: "offline-pages",
    apply: "build",
    generateBundle(_options, bundle) {
      const files = new Set<string>();
      const take = (name: string): void => {
        const chunk = bundle[name];
        if (chunk?.type !== "chunk" || files.has(name)) return;
        files.add(name);
        chunk.viteMetadata?.importedCss.forEach((css) => files.add(css));
        chunk.imports.forEach(take);
      };
      for (const [name, chunk] of Object.entries(bundle)) {
        if (chunk.type === "chunk" && (chunk.isEntry || OFFLINE_PAGES.test(chunk.facadeModuleId ?? ""))) take(name);
      }
      const paths = [...KEPT_AS_THEY_ARE, ...[...files].sort().map((name) => `/${name}`)];
      const version = `chuanyu-${createHash("sha256").update(paths.join("\n")).digest("hex").slice(0, 16)}`;
      const source = readFileSync(new URL("src/offline/service_worker.js", import.meta.url), "utf8")
        .replace("__VERSION__", JSON.stringify(version))
        .replace("__FILES__", JSON.stringify(paths));
      this.emitFile({ type: "asset", fileName: "sw.js", source });
    },
  };
}

export default defineConfig({
  plugins: [vue(), offlinePages()],
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
