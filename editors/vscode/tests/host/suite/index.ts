/** Entry point that VS Code calls inside its extension host. */
import Mocha from 'mocha';

export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: 120_000, ...(process.env['HOST_GREP'] === undefined ? {} : { grep: process.env['HOST_GREP'] }), reporter: 'min' });
  mocha.suite.emit('pre-require', globalThis, 'suite', mocha);
  await import('./language.test');
  await import('./buffers.test');
  await import('./server.test');
  await new Promise<void>((resolve, reject) => {
    const runner = mocha.run((failures) => (failures === 0 ? resolve() : reject(new Error(`${failures} failed`))));
    runner.on('pass', (test) => tell(test.fullTitle(), null));
    runner.on('fail', (test, error: Error) => tell(test.fullTitle(), error.stack ?? error.message));
  });
}

function tell(title: string, error: string | null): void {
  console.log(`OUTCOME ${JSON.stringify({ title, error })}`);
}
