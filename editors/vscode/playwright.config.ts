import { defineConfig } from '@playwright/test';

/** Tests in the real VS Code: `host` inside the extension host, `ui` through the user interface. */
export default defineConfig({
  outputDir: 'test-results/run',
  workers: 1,
  timeout: 300_000,
  expect: { timeout: 60_000 },
  reporter: [['list']],
  use: { trace: 'off' },
  projects: [
    { name: 'host', testDir: 'tests/host', testMatch: /host\.spec\.ts$/, timeout: 900_000 },
    { name: 'ui', testDir: 'tests/ui', testMatch: /\.spec\.ts$/ },
  ],
});
